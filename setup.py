"""What pyproject.toml cannot say: the trained weights are installed, too, as colourlib/shipped.

In a checkout, and in an editable install of one, they are read where they lie, in data/weights.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithWeights(build_py):
    """Copy the package, then data/weights into it."""

    def run(self):
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "colourlib" / "shipped"
        self.mkpath(str(target))
        for file in Path("data", "weights").glob("*"):
            self.copy_file(str(file), str(target / file.name))


setup(cmdclass={"build_py": BuildWithWeights})
