from betaconsole.simulator.caching import PromptCache
from betaconsole.simulator.tokens import Segment


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def use(cache, *texts, ttl="5m", ready_in_s=0.0):
    segments = [Segment(1000, text) for text in texts[:-1]] + [Segment(1000, texts[-1], ttl)]
    return cache.use(segments, owner="k m", least_tokens=1024, ready_in_s=ready_in_s)


def test_a_prefix_is_forgotten_five_minutes_after_its_last_use():
    clock = Clock()
    cache = PromptCache(clock)
    assert use(cache, "a", "b").written_5m_tokens == 2000
    clock.now_s = 299
    assert use(cache, "a", "b").read_tokens == 2000
    clock.now_s = 299 + 299
    assert use(cache, "a", "b").read_tokens == 2000
    clock.now_s += 301
    assert use(cache, "a", "b").read_tokens == 0


def test_an_hour_is_an_hour():
    clock = Clock()
    cache = PromptCache(clock)
    assert use(cache, "a", "b", ttl="1h").written_1h_tokens == 2000
    clock.now_s = 3599
    assert use(cache, "a", "b", ttl="1h").read_tokens == 2000


def test_a_change_before_the_mark_is_another_prefix():
    cache = PromptCache(Clock())
    use(cache, "a", "b")
    changed = use(cache, "x", "b")
    assert (changed.read_tokens, changed.written_5m_tokens) == (0, 2000)


def test_what_is_read_written_and_left_adds_up_to_the_prompt():
    cache = PromptCache(Clock())
    use(cache, "a", "b")
    grown = use(cache, "a", "b", "c", "d")
    assert (grown.read_tokens, grown.written_5m_tokens, grown.input_tokens) == (2000, 2000, 0)


def test_a_prefix_can_be_read_only_once_its_answer_has_begun():
    clock = Clock()
    cache = PromptCache(clock)
    use(cache, "a", "b", ready_in_s=0.5)
    assert use(cache, "a", "b", ready_in_s=0.5).read_tokens == 0
    clock.now_s = 0.6
    assert use(cache, "a", "b").read_tokens == 2000
