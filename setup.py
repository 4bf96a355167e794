"""What pyproject.toml cannot say: trained weights and photos are installed, too.

data/weights becomes colourlib/shipped/weights, data/photos colourlib/shipped/photos. In a checkout,
and in an editable install of one, they are read where they lie.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithData(build_py):
    """Copy the package, then data/weights and data/photos into it."""

    def run(self):
        super().run()
        if self.editable_mode:
            return
        for name in ("weights", "photos"):
            target = Path(self.build_lib) / "colourlib" / "shipped" / name
            self.mkpath(str(target))
            for file in Path("data", name).glob("*"):
                self.copy_file(str(file), str(target / file.name))


setup(cmdclass={"build_py": BuildWithData})
