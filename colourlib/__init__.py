"""colourlib: the package behind the course, one module for each story a notebook tells.

    from colourlib import apply, comparison, evaluate, model, open_workspace, practice, show, train
    ws = open_workspace()            # or open_workspace(source="/my/photos", setting="full")

    ws.photos()                      # 01  collect       where pictures come from
    ws.cleaned()                     # 02  clean         verdicts, and a split that does not leak
    data = ws.prepared()             # 03  colour, data  Lab; random batches of 20
    net = model.ColourNet()          # 04  model         lightness in, chroma out, any size
    run = train.fit(net, data)       # 05  train         MSE, Adam, L2; Stop, and it goes on
    comparison.compare()             # 05  comparison    what did my edit do?
    evaluate.compare({"mine": net}, data)                # 06  beside the baselines
    apply.colourise("photo.jpg", net).save("out.png")    # without net: the shipped weights

    show.grid(pictures, title="...", alt="...")          # pictures, curves, tables with their words
    practice.scene("beaches", seed=7, width=160)         # pictures nobody owns, optimum known

Each step makes what an earlier one would have left. A student's mistake raises CourseError, whose
message says what is wrong, where, and what to do.
"""

__version__ = "0.1.0"

from .course.workspace import CourseError, open_workspace

__all__ = ["CourseError", "open_workspace"]
