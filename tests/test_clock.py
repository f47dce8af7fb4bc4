import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from mbtexp.clock import SWITCH_INTERVAL_S, MonotonicClock, VirtualClock


@pytest.fixture
def clock():
    clock = MonotonicClock()
    yield clock
    clock.close()


def test_a_virtual_clock_does_what_is_due_at_its_own_time_and_in_order():
    clock, seen = VirtualClock(at=1.0), []
    clock.call_at(1.030, lambda: seen.append(("late", clock.now())))
    clock.call_at(1.010, lambda: seen.append(("early", clock.now())))
    clock.call_at(1.010, lambda: seen.append(("asked second", clock.now())))
    clock.sleep_until(1.020)
    assert seen == [("early", 1.010), ("asked second", 1.010)]
    assert clock.now() == 1.020
    clock.sleep_until(2.0)
    assert seen[-1] == ("late", 1.030)


def test_an_action_of_a_virtual_clock_may_ask_for_another():
    clock, seen = VirtualClock(), []
    clock.call_at(0.1, lambda: clock.call_at(0.2, lambda: seen.append(clock.now())))
    clock.sleep_until(1.0)
    assert seen == [0.2]


def test_a_virtual_clock_never_goes_back():
    clock = VirtualClock(at=5.0)
    clock.call_at(4.0, lambda: None)
    clock.sleep_until(4.5)
    assert clock.now() == 5.0


def test_a_virtual_clock_forgets_what_lies_ahead_when_it_is_closed():
    clock, seen = VirtualClock(), []
    clock.call_at(0.1, lambda: seen.append("done"))
    clock.close()
    clock.sleep_until(1.0)
    assert seen == []


def test_a_run_clock_starts_where_a_resumed_run_left_off():
    assert 0.0 <= MonotonicClock().now() < 0.5
    assert 120.5 <= MonotonicClock(at=120.5).now() < 121.0


def test_a_run_clock_converts_stamps_of_the_monotonic_clock(clock):
    assert clock.to_run(time.perf_counter()) == pytest.approx(clock.now(), abs=0.05)


def test_the_time_of_day_at_zero_lies_before_a_resumed_clock_by_what_it_shows():
    zero = datetime.fromisoformat(MonotonicClock(at=3600.0).utc_at_zero())
    assert abs(zero + timedelta(hours=1) - datetime.now(tz=UTC)) < timedelta(seconds=1)
    assert zero.tzinfo is not None


def test_a_sleep_is_never_cut_short(clock):
    for ahead_s in (-1.0, 0.0, 0.0003, 0.003):
        until = clock.now() + ahead_s
        clock.sleep_until(until)
        assert clock.now() >= until


def test_the_port_thread_does_things_in_order_of_time_and_never_early(clock):
    seen, done = [], threading.Event()
    start = clock.now() + 0.01
    clock.call_at(start + 0.006, lambda: (seen.append(("b", clock.now())), done.set()))
    clock.call_at(start, lambda: seen.append(("a", clock.now())))
    assert done.wait(2.0)
    assert [name for name, _ in seen] == ["a", "b"]
    assert seen[0][1] >= start
    assert seen[1][1] >= start + 0.006


def test_a_clock_nobody_asks_for_an_action_has_no_thread():
    before = set(threading.enumerate())
    clock = MonotonicClock()
    clock.now()
    clock.close()
    assert set(threading.enumerate()) <= before


def test_closing_gives_back_the_thread_and_the_switch_interval():
    threads, interval = set(threading.enumerate()), sys.getswitchinterval()
    clock, done = MonotonicClock(), threading.Event()
    clock.call_at(0.0, done.set)
    assert done.wait(2.0)
    assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL_S)
    clock.call_at(clock.now() + 60, lambda: None)
    clock.close()
    assert set(threading.enumerate()) <= threads
    assert sys.getswitchinterval() == pytest.approx(interval)
