"""What one sees while a network trains: a board in a notebook, plain lines in a terminal.

    board = choose()
    board.tick(look)    # after every step; look() -> View is asked for only when a drawing is due
    board.close(look)   # the last drawing, which stays

`view` says in words what a board shows, `chart` draws the curves, `page` puts the notebook's board
together, `boards` decides when to draw, and where.
"""

from .boards import Board, LinesBoard, NotebookBoard, choose

__all__ = ["Board", "LinesBoard", "NotebookBoard", "choose"]
