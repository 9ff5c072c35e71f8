"""Which modules tools/mutate.py mutates, and by which tests it tries the mutants."""

GROUPS = {
    "ops": ["tresnet_gen/graph/ops/*.py"],
    "blocks": ["tresnet_gen/graph/blocks/*.py"],
    "memory": ["tresnet_gen/graph/tape.py", "tresnet_gen/analysis/memory.py", "tresnet_gen/analysis/step.py"],
    "build": ["tresnet_gen/graph/b*.py", "tresnet_gen/graph/channels.py", "tresnet_gen/graph/graph.py"],
    "counts": ["tresnet_gen/analysis/counts.py"],
    "emission": ["tresnet_gen/emission/*.py", "tresnet_gen/emission/blocks/*.py"],
}
# Tests that are quick and exact, called in this order: most mutants fall at the first. A name stands for all of its
# parameters.
MEMORY = [
    "tests.analysis.test_memory_recorded:test_replays_are_those_that_torch_confirmed",
    "tests.analysis.test_memory:test_the_largest_batch_leaves_a_reserve",
    "tests.analysis.test_memory:test_nothing_is_rounded_unless_asked_for",
    "tests.analysis.test_memory:test_moments_in_words",
    "tests.analysis.test_memory:test_memory_below_the_reserve",
    "tests.analysis.test_memory:test_no_batch_fits_below_what_every_batch_takes",
    "tests.analysis.test_memory:test_largest_batch_fits_and_the_next_does_not",
    "tests.graph.test_tape:test_what_was_freed_before_a_kernel_that_is_taken_back_is_freed_before_the_next",
    "tests.graph.test_tape:test_a_storage_is_shared_from_the_second_reference_on",
]
BUILD = [
    "tests.analysis.test_counts:test_totals",
    "tests.emission.test_generated:test_the_committed_module_is_current",
    "tests.graph.test_faults:test_contradicting_keys",
    "tests.graph.test_faults:test_what_is_just_legal",
    "tests.graph.test_faults:test_all_contradictions_are_reported_at_once",
    "tests.graph.test_faults:test_sizes_that_do_not_divide_into_patches",
    "tests.graph.test_faults:test_each_side_that_does_not_divide_is_reported_once",
    "tests.graph.test_faults:test_a_feature_map_that_is_too_small_names_the_stage_and_the_least_size",
    "tests.graph.test_faults:test_a_network_that_no_input_is_large_enough_for",
    "tests.graph.test_structure:test_bundled_graphs_are_well_formed",
    "tests.graph.test_structure:test_each_op_points_at_the_part_of_the_spec_it_comes_from",
    "tests.graph.test_structure:test_hidden_channels_of_a_squeeze_excite",
    "tests.graph.test_structure:test_attributes_of_a_node_are_its_figures",
    "tests.graph.test_structure:test_state_of_the_graph_is_that_of_timm",
    "tests.analysis.test_counts:test_stages",
    "tests.analysis.test_counts:test_fvcore",
    "tests.analysis.test_counts:test_parameters_by_kind_of_layer",
    "tests.analysis.test_counts:test_bundled_counts_add_up",
    "tests.analysis.test_counts:test_model_cards_of_timm",
]
OPS = [
    "tests.graph.test_ops:test_what_kind_of_op",
    "tests.analysis.test_throughput:test_work_by_hand",
    "tests.analysis.test_throughput:test_groups_that_have_kernels_of_their_own",
    "tests.analysis.test_throughput:test_narrow_is_below_128_channels",
    "tests.analysis.test_throughput:test_tiles_pad_output_channels",
    "tests.analysis.test_throughput:test_every_quantity_has_a_price_somewhere",
    "tests.analysis.test_throughput:test_a_compiled_network_fuses_pointwise_ops",
    "tests.graph.test_ops:test_the_filter_of_a_blur_takes_memory",
    "tests.graph.test_ops:test_patches_are_copied_where_torch_copies",
    "tests.graph.test_ops:test_channels_are_copied_where_torch_copies",
    "tests.graph.test_ops:test_an_image_is_nothing_to_run",
    "tests.graph.test_ops:test_ops_are_values",
    "tests.graph.test_ops:test_blur_pool_needs_two_rows_and_columns",
    "tests.graph.test_ops:test_space_to_depth_needs_whole_patches",
    "tests.graph.test_ops:test_pools",
    "tests.graph.test_ops:test_convolution",
]
EMISSION = [
    "tests.emission.test_generated:test_the_module_of_what_no_bundled_spec_has",
    "tests.emission.test_layout:test_numbers_read_as_people_write_them",
    "tests.emission.test_layout:test_empty_items_are_left_out",
    "tests.emission.test_stamp:test_other_files_are_foreign",
    *BUILD[1:2],
]
FACTS = {
    "ops": [*OPS[:12], *MEMORY[:1], *OPS[12:], *BUILD],
    "blocks": [*BUILD, *MEMORY[:1]],
    "memory": MEMORY,
    "build": [*BUILD, *MEMORY[:1]],
    "counts": BUILD,
    "emission": EMISSION,
}
# What pytest runs on mutants that the facts let live. The tests that build networks in torch would take hours: they are
# left out, so that the score is a lower bound.
TESTS = [
    "tests/analysis/test_memory_recorded.py",
    "tests/graph/test_export.py",
    "tests/graph/test_faults.py",
    "tests/cli/test_cases.py",
    "tests/analysis/test_throughput.py",
]
