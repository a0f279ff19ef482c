"""``python -m paper_code`` and ``paper-code``."""

import sys


def main():
    """The command line; without the packages that it needs, one line that says how to get them."""
    try:
        from paper_code.cli import main as run

        run()
    except ModuleNotFoundError as error:
        if error.name.partition(".")[0] == "paper_code":
            raise
        extra = "cli" if error.name in ("typer", "safetensors", "pydantic") else "train"
        sys.exit(f"error: this needs the package {error.name}: python -m pip install '.[{extra}]' in the repository of paper_code")


if __name__ == "__main__":
    main()
