#include "pool.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#include <sys/mman.h>
#endif
#if !defined(_WIN32)
#include <pthread.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "watch.h"

namespace {

void pause_briefly() {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#else
    std::this_thread::yield();
#endif
}

// A worker looks for the next region for a while before it sleeps: between two regions of one plan,
// and between two short runs in a loop, it stays awake; after that it costs nothing. To be woken takes
// a worker 50 us. Time is looked at by the clock: a pause takes 5 to 50 ns, by the processor.
constexpr auto AWAKE = std::chrono::microseconds(100);
constexpr int PAUSES = 16;  // between two looks at the clock

// Whether `is_over` became true within that time.
template <class Condition> bool spin(const Condition &is_over) {
    for (int i = 0; i < PAUSES; ++i) {
        if (is_over()) return true;
        pause_briefly();
    }
    const auto end = std::chrono::steady_clock::now() + AWAKE;
    do {
        for (int i = 0; i < PAUSES; ++i) {
            if (is_over()) return true;
            pause_briefly();
        }
    } while (std::chrono::steady_clock::now() < end);
    return is_over();
}

struct Region {
    Task task;
    void *argument;
    size_t scratch_bytes;
    int64_t tasks;
};

// A thread's share of a region: those tasks it takes first. As a share depends on nothing but its
// number, a thread meets again what it left in its caches: weights at the next run, and rows of one
// layer's result in the next. Who is done early helps the others.
struct alignas(64) Share {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
};

class Pool {
  public:
    explicit Pool(int threads) : shares_(size_t(threads)) {
        for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
    }

    ~Pool() {
        {
            std::lock_guard<std::mutex> lock(sleep_);
            stopping_ = true;
            turn_.fetch_add(1);
        }
        wake_.notify_all();
        for (auto &worker : workers_) worker.join();
    }

    int size() const { return int(workers_.size()) + 1; }

    void run(const Region &region) {
        region_ = region;
        const int64_t count = size();
        for (int64_t i = 0; i < count; ++i) {
            shares_[size_t(i)].next.store(region.tasks * i / count, std::memory_order_relaxed);
            shares_[size_t(i)].end = region.tasks * (i + 1) / count;
        }
        busy_.store(int(workers_.size()), std::memory_order_relaxed);
        turn_.fetch_add(1);  // publishes the region
        if (sleepers_.load()) {
            std::lock_guard<std::mutex> lock(sleep_);
            wake_.notify_all();
        }
        claim_tasks(0);
        wait_for_others();
    }

  private:
    void claim_tasks(size_t thread) {
        char *scratch = region_.scratch_bytes ? thread_scratch(region_.scratch_bytes) : nullptr;
        for (size_t k = 0; k < shares_.size(); ++k) {
            Share &share = shares_[(thread + k) % shares_.size()];
            for (;;) {
                const int64_t index = share.next.fetch_add(1, std::memory_order_relaxed);
                if (index >= share.end) break;
                region_.task(region_.argument, index, scratch);
            }
        }
    }

    void wait_for_others() {
        const auto all_done = [this] { return busy_.load(std::memory_order_acquire) == 0; };
        if (spin(all_done)) return;
        Watch *watch = Watch::current();
        while (!all_done()) {
            std::this_thread::yield();
            if (watch) watch->is_over();  // asks on their behalf: they may be in a loop
        }
    }

    void work(int thread) {
        unsigned seen = 0;
        for (;;) {
            wait_for_turn(seen);
            ++seen;
            if (stopping_) return;
            claim_tasks(size_t(thread));
            busy_.fetch_sub(1, std::memory_order_release);
        }
    }

    void wait_for_turn(unsigned seen) {
        if (spin([&] { return turn_.load() != seen; })) return;
        std::unique_lock<std::mutex> lock(sleep_);
        sleepers_.fetch_add(1);
        wake_.wait(lock, [&] { return turn_.load() != seen; });
        sleepers_.fetch_sub(1);
    }

    std::vector<Share> shares_;
    std::vector<std::thread> workers_;
    std::mutex sleep_;
    std::condition_variable wake_;
    bool stopping_ = false;
    Region region_{};
    alignas(64) std::atomic<unsigned> turn_{0};
    alignas(64) std::atomic<int> busy_{0};
    std::atomic<int> sleepers_{0};
};

int default_thread_count() {
#if defined(__linux__)
    cpu_set_t set;  // what this process may use, not what the machine has
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    const unsigned n = std::thread::hardware_concurrency();
    return n ? int(n) : 1;
}

std::mutex *one_region = new std::mutex;  // never destroyed: threads may outlive statics
std::atomic<int> wanted{0};
Pool *pool = nullptr;  // guarded by one_region
thread_local bool in_region = false;

// The child of a fork has none of the threads; it starts anew.
void forget_pool() {
    pool = nullptr;
    one_region = new std::mutex;
    in_region = false;
}

void run_serially(const Team *, int64_t tasks, Task task, void *argument, size_t scratch_bytes) {
    char *scratch = scratch_bytes ? thread_scratch(scratch_bytes) : nullptr;
    for (int64_t i = 0; i < tasks; ++i) task(argument, i, scratch);
}

void run_on_pool(const Team *team, int64_t tasks, Task task, void *argument, size_t scratch_bytes) {
    const int threads = thread_count();
    if (tasks <= 1 || threads == 1 || in_region || !one_region->try_lock())
        return run_serially(team, tasks, task, argument, scratch_bytes);
    in_region = true;
    if (!pool || pool->size() != threads) {
        delete pool;
        pool = new Pool(threads);
    }
    pool->run({task, argument, scratch_bytes, tasks});
    in_region = false;
    one_region->unlock();
}

const Team parallel_team{run_on_pool};
const Team one_thread{run_serially};

constexpr size_t LARGE_SCRATCH = 128 << 10, HUGE_PAGE = 2 << 20;

struct Scratch {
    char *memory = nullptr;
    size_t bytes = 0;
    ~Scratch() { std::free(memory); }
};

}  // namespace

int thread_count() {
    int n = wanted.load(std::memory_order_relaxed);
    if (!n) {
        n = default_thread_count();
        wanted.store(n);
#if !defined(_WIN32)
        static std::once_flag once;
        std::call_once(once, [] { pthread_atfork(nullptr, nullptr, forget_pool); });
#endif
    }
    return n;
}

void set_thread_count(int n) {
    thread_count();  // registers what a fork needs
    wanted.store(n < 1 ? 1 : n);
}

const Team *pool_team() { return &parallel_team; }
const Team *serial_team() { return &one_thread; }

char *thread_scratch(size_t bytes) {
    static thread_local Scratch scratch;
    if (scratch.bytes < bytes) {
        std::free(scratch.memory);
        // what fills much of the second-level cache lies in one large page: its parts then never
        // compete for the same places of the cache, and its addresses take one entry of the TLB
        const size_t unit = bytes >= LARGE_SCRATCH ? HUGE_PAGE : 4096;
        const size_t rounded = (bytes + unit - 1) / unit * unit;
        scratch.memory = static_cast<char *>(std::aligned_alloc(unit, rounded));
        scratch.bytes = scratch.memory ? rounded : 0;
        if (!scratch.memory) throw std::bad_alloc();
#if defined(__linux__)
        if (unit == HUGE_PAGE) madvise(scratch.memory, rounded, MADV_HUGEPAGE);
#endif
    }
    return scratch.memory;
}
