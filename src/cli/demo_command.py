"""``labkeeper demo``."""


def demo() -> None:
    """Run Labkeeper with three simulated controllers, and print what to try first."""
    # Only here: the other commands should not wait for the whole application to be imported.
    from cli.demo import run_demo

    run_demo()
