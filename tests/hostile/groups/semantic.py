"""Legal text for networks that cannot be, or that nobody could hold."""

from functools import partial

from tests.hostile.case import LINE, Case, behind, on, spec, stage

STAGES = LINE["stages"]


def staged(name: str, line: str, code: str, says: str) -> Case:
    return Case(name, spec(stages=line), code, STAGES, says)


mobile = partial(stage, block="inverted_residual")
SE_HIDDEN = "{ratio: 65536, of: hidden, gate: hard_sigmoid}"
DEEP = "  - {block: bottleneck, depth: 100, width: 64}\n" * 8
LATE = "  - {block: basic, depth: 10, width: 64, stride: 2, aa: true}\n" * 16
DEEPEST = "  - {block: inverted_residual, depth: 512, width: 64, kernel: [3, 3, 3, 3], se: {ratio: 4}}\n"
MANY = "stages:\n" + "  - {block: basic, depth: 1, width: 64, stride: 2}\n" * 1000

CASES = [
    staged("depth_1e9", stage(depth=10**9), "E104", "from 1 to 512"),
    staged("width_1e12", stage(width=10**12), "E104", "65,536"),
    on("input", "size_1", "{size: 1}", "E301", "multiple of 4"),
    on("input", "size_1e9", "{size: 1000000000}", "E104", "16,384"),
    on("input", "size_0", "{size: 0}", "E104", "from 1"),
    on("input", "size_negative", "{size: [224, -224]}", "E104", "from 1"),
    on("input", "size_of_2_to_the_63", "{size: 9223372036854775808}", "E104", "16,384"),
    on("input", "channels_1e9", "{channels: 1000000000}", "E104", "65,536"),
    on("input", "channels_0", "{channels: 0}", "E104", "from 1"),
    staged("se_hidden_zero", stage(width=8, se="{ratio: 64}"), "E105", "no hidden channels"),
    staged("se_hidden_of_hidden_zero", mobile(se=SE_HIDDEN), "E105", "no hidden channels"),
    staged("se_ratio_0", stage(se="{ratio: 0}"), "E104", "from 1"),
    staged("groups_over_width", stage(block="bottleneck", groups=65_536), "E105", "multiple of `groups`"),
    staged("groups_0", stage(block="bottleneck", groups=0), "E104", "from 1"),
    staged("expansion_infinite", mobile(expansion=".inf"), "E104", "at most 64"),
    staged("expansion_no_number", mobile(expansion=".nan"), "E104", "at most 64"),
    staged("expansion_below_one", mobile(expansion=0.999), "E104", "at least 1"),
    staged("expand_groups_over_width", mobile(expand_groups=65_536), "E105", "must divide"),
    staged("project_groups_over_width", mobile(project_groups=65_536), "E105", "must divide"),
    staged("kernels_5000", mobile(kernel=[3] * 5_000), "E104", "2 to 8 items"),
    staged("kernels_nested", mobile(kernel=[[3]] * 8), "E103", "odd integer"),
    staged("kernels_even", mobile(kernel=[3, 4]), "E104", "odd"),
    staged("kernel_33", mobile(kernel=33), "E104", "1 to 31"),
    staged(
        "kernels_over_width",
        stage(block="depthwise_separable", width=1, depth=2, kernel=[3, 5]),
        "E105",
        "only 1 channel ",
    ),
    staged("shuffle_odd", stage(block="shuffle_unit", width=65_535, stride=2), "E105", "even"),
    staged("shuffle_changes_width", stage(block="shuffle_unit", width=64), "E105", "stride"),
    staged("stride_3", stage(stride=3), "E104", "1 or 2"),
    on("stem", "kernel_even", "{type: space_to_depth, kernel: 2, width: 76}", "E104", "odd"),
    on("stem", "block_size_3", "{type: space_to_depth, block_size: 3, width: 76}", "E104", "2, 4 or 8"),
    on("stem", "block_size_0", "{type: space_to_depth, block_size: 0, width: 76}", "E104", "2, 4 or 8"),
    on("num_classes", "classes_1e9", "1000000000", "E104", "1,000,000"),
    on("num_classes", "classes_0", "0", "E104", "from 1"),
    on("norm", "not_to_undo", "{type: inplace_abn}\nx: 1", "E101", "`x`")._replace(line=LINE["norm"] + 1),
    on("act", "slope_not_to_undo", "{type: leaky_relu, slope: 0}\nset: {norm.type: inplace_abn}", "E105", "1e-06"),
    Case("stages_1000", spec(stages=MANY), "E104", STAGES + 1, "1 to 64 items"),
    Case("stages_65_of_512", spec(stages=f"stages:\n{DEEPEST * 65}"), "E104", STAGES + 1, "1 to 64 items"),
    Case("collapse_behind_24576", spec(stages=f"stages:\n{DEEPEST * 48}{LATE}"), "E302", STAGES + 55, "too small"),
    Case("collapse_late", spec(stages="stages:\n" + DEEP + LATE), "E302", STAGES + 15, "too small to blur"),
    Case("collapse_of_one_side", spec(input="input: {size: [4, 16384]}", stages=f"stages:\n{LATE}"), "E302", 8, "blur"),
    behind("collapse_by_edit", "set: {stages.0.stride: 2, input.size: 4}", "E302", "too small")._replace(line=STAGES),
]
