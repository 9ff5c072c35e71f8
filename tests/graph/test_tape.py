"""The tape by hand: what blocks, as they are, never ask of it."""

from tresnet_gen.graph.tape import Tape


def test_what_was_freed_before_a_kernel_that_is_taken_back_is_freed_before_the_next() -> None:
    tape = Tape(train=True, half=False, native_norm=False, fused_dropout=False)
    first, second = (tape.new((2,), 4).storage for _ in range(2))
    tape.hold(first)
    tape.hold(second)
    tape.mark("made")
    tape.drop(first)
    third = tape.new((3,), 4).storage
    tape.mark("taken back")
    tape.drop(second)
    tape.take_back()
    tape.mark("next")
    assert [(moment.kernel, moment.freed) for moment in tape.moments] == [("made", ()), ("next", (first, second))]
    assert [tape.sizes[storage] for storage in (first, second, third)] == [(8, 0), (8, 0), (0, 0)]


def test_a_storage_is_shared_from_the_second_reference_on() -> None:
    tape = Tape(train=True, half=False, native_norm=False, fused_dropout=False)
    storage = tape.new((2,), 4).storage
    shared = []
    for _ in range(3):
        shared.append(tape.shared(storage))
        tape.hold(storage)
    assert shared == [False, False, True]
