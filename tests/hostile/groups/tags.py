"""Tags and directives: what makes other readers construct objects."""

from tests.hostile.case import CODE, MARK, Case, behind, on, spec

CALL = f"!!python/object/apply:os.mkdir ['{MARK}']"
_NEW = f'name: !!python/object/new:type\n  args: ["z", [], {{"extend": !!python/name:exec }}]\n  listitems: "{CODE}"'
_DIRECTIVE = "%TAG ! tag:yaml.org,2002:python/\n---\n"

CASES = [
    on("name", "tag_apply", CALL, "E005", "!!python/object/apply:os.mkdir"),
    Case("tag_new", spec(name=_NEW), "E005", 1, "!!python/object/new:type"),
    Case("tag_directive", _DIRECTIVE + spec(name=f"name: !object/apply:os.mkdir ['{MARK}']"), "E005", 1, "%TAG"),
    on("stages", "tag_include", "!include /etc/passwd", "E005", "!include"),
    on("name", "tag_env", "!ENV ${HOME}", "E005", "!ENV"),
    on("input", "tag_omap", "!!omap [channels: 3, size: 224]", "E005", "!!omap"),
    on("num_classes", "tag_int", "!!int '10'", "E005", "!!int"),
    on("num_classes", "tag_bang", "! 10", "E005", "`!`"),
    on("num_classes", "tag_verbatim", f"!<tag:yaml.org,2002:python/object/apply:os.mkdir> {MARK}", "E005", "os.mkdir"),
    on("name", "tag_name", "!!python/name:os.system", "E005", "!!python/name:os.system"),
    on("name", "tag_module", "!!python/module:os", "E005", "!!python/module:os"),
    on("name", "tag_percent_encoded", f"!!pyth%6fn/object/apply:os.mkdir ['{MARK}']", "E005", "!!python/object/apply"),
    on("name", "tag_verbatim_local", "!<!> small", "E005", "`!`"),
    on("name", "tag_of_unknown_handle", "!e!x small", "E002", "a broken tag"),
    on("name", "tag_not_closed", "!<tag:yaml.org,2002:str small", "E002", "a broken tag"),
    on("head", "tag_on_mapping", "!!map {type: avg_pool_linear}", "E005", "!!map"),
    on("stem", "tag_set", "!!set {type, width}", "E005", "!!set"),
    on("num_classes", "tag_binary", "!!binary MTA=", "E005", "!!binary"),
    on("input", "tag_timestamp", "{size: !!timestamp 2026-11-23}", "E005", "!!timestamp"),
    on("act", "tag_in_alias", "&a {type: !!str relu}\nx: *a", "E005", "!!str"),
    Case("tag_on_key", spec(name="!!str name: small"), "E005", 1, "!!str"),
    Case("tag_on_document", "--- !!map\n" + spec(), "E005", 1, "!!map"),
    behind("tag_in_description", "description: !!str plain", "E005", "!!str"),
    behind("tag_in_set", f"set: {{num_classes: {CALL}}}", "E005", "os.mkdir"),
    behind("tag_in_unknown_key", f"x: [[{CALL}]]", "E005", "os.mkdir"),
    Case("tag_in_base", "extends: ./base.yaml\n", "E005", 1, "os.mkdir", {"base.yaml": spec(name=f"name: {CALL}")}),
    Case("yaml_directive", "%YAML 1.2\n---\n" + spec(), "E005", 1, "%YAML"),
    Case("yaml_directive_twice", "%YAML 1.2\n%YAML 1.2\n---\n" + spec(), "E002", 2, "duplicate"),
]
