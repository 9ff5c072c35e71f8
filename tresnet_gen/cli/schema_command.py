"""`tresnet-gen schema`: the spec language for editors and for people."""

import json

import click

from tresnet_gen.cli.terminal import data


@click.command("schema", short_help="Print the JSON Schema or the reference of all keys.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["json", "markdown"]),
    default="json",
    show_default=True,
    help="JSON Schema, or the reference page of every key.",
)
def command(output_format: str) -> None:
    """Print the JSON Schema of the spec language, made from the table that validates specs.

    An editor with a YAML language server completes and checks a spec whose first line is
    `# yaml-language-server: $schema=FILE`.
    """
    if output_format == "markdown":
        from tresnet_gen.frontend.reference import reference_page

        data(reference_page())
        return
    from jsonschema import Draft7Validator

    from tresnet_gen.frontend.schema import json_schema

    schema = json_schema()
    Draft7Validator.check_schema(schema)
    data(json.dumps(schema, indent=2))
