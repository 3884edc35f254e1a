#include "watch.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto BETWEEN_QUESTIONS = std::chrono::milliseconds(50);

// A counter that costs less than a clock; its unit is the processor's affair. On a processor without
// one every look is at the clock.
#if defined(__x86_64__)
uint64_t tick() { return __rdtsc(); }
constexpr uint64_t TICKS_BETWEEN_LOOKS = 1 << 21;  // 0.4 to 2 ms
#elif defined(__aarch64__)
uint64_t tick() {
    uint64_t count;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
    return count;
}
constexpr uint64_t TICKS_BETWEEN_LOOKS = 1 << 15;  // 30 us to 2 ms
#else
uint64_t tick() { return 0; }
constexpr uint64_t TICKS_BETWEEN_LOOKS = 0;
#endif

thread_local Watch *watch_of_thread = nullptr;

const void *this_thread() { return &watch_of_thread; }  // as good as a name

}  // namespace

Watch::Watch(bool (*asks)())
    : asks_(asks), thread_(this_thread()), seen_(tick()), asked_(Clock::now()) {}

bool Watch::is_over() {
    if (was_stopped()) return true;
    if (thread_ != this_thread() || !asks_) return false;
    const uint64_t now = tick();
    if (now - seen_ < TICKS_BETWEEN_LOOKS) return false;
    seen_ = now;
    if (Clock::now() - asked_ < BETWEEN_QUESTIONS) return false;
    const bool is_over = asks_();
    asked_ = Clock::now();
    if (is_over) is_over_.store(true, std::memory_order_relaxed);
    return is_over;
}

Watch *Watch::current() { return watch_of_thread; }

Watch::Use::Use(Watch *watch) : before_(watch_of_thread) { watch_of_thread = watch; }

Watch::Use::~Use() { watch_of_thread = before_; }
