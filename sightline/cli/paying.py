"""Ask before paying: show the quote, and go on only if somebody says so."""

import click

from sightline.cli.factory import Factory
from sightline.services.quotes import Quote, Range

UNPAID = 3
"""The exit code of a command that paid for nothing because nobody agreed."""

yes_option = click.option("--yes", is_flag=True, help="Do not ask before paying.")
canary_option = click.option(
    "--canary", type=click.IntRange(min=1), metavar="N", help="First pay for N of them, and narrow the quote by that."
)
exact_option = click.option("--exact", is_flag=True, help="Read every object first: then the quote is no range.")


def show_quote(quote: Quote, title: str = "quote") -> None:
    """Print a quote to standard error, so that standard output stays what the command says."""
    rows = [
        (title, ""),
        ("images", f"{quote.images:,}"),
        ("already paid", f"{quote.already_paid:,}"),
        *((f"calls, {name}", _words(each, ",.0f")) for name, each in quote.calls.items()),
        ("USD", _words(quote.usd, ",.2f" if quote.usd.most >= 1 else ",.4f")),
        ("hours at today's rates", _words(quote.hours, ",.1f")),
    ]
    for name, value in rows:
        click.echo(f"  {name:<24}{value:>24}" if value else name, err=True)


def agree(quote: Quote, factory: Factory, *, yes: bool) -> None:
    """Return if the quote may be paid; end the command with UNPAID if nobody can be asked, or says no."""
    if not (yes or quote.is_free):
        agree_to(f"Pay up to {quote.usd.most:,.2f} USD?", factory)


def agree_to(question: str, factory: Factory) -> None:
    """Return if somebody says yes; end the command with UNPAID if nobody can be asked, or says no."""
    if not factory.has_terminal:
        click.echo(
            "Nothing was paid for: there is no terminal to ask. Give --yes to pay without being asked.", err=True
        )
        raise click.exceptions.Exit(UNPAID)
    if not click.confirm(question, err=True):
        click.echo("Nothing was paid for.", err=True)
        raise click.exceptions.Exit(UNPAID)


def _words(each: Range, form: str) -> str:
    low, high = format(each.least, form), format(each.most, form)
    return high if low == high else f"{low} to {high}"
