#include "executor.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <stdexcept>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "dispatch.h"
#include "pool.h"

namespace {
constexpr int MAX_STACK_BUFFERS = 64;
constexpr int64_t HUGE_PAGE = 2 << 20;

char *address(const Place &place, char *arena, void *const *externals) {
    if (place.external == -2) return reinterpret_cast<char *>(intptr_t(place.offset));
    char *base = place.external < 0 ? arena : static_cast<char *>(externals[place.external]);
    return base + place.offset;
}

}  // namespace

Executor::Executor(std::vector<Place> places, int64_t arena_bytes)
    : places_(std::move(places)), arena_bytes_((arena_bytes + 63) & ~int64_t(63)),
      total_bytes_(arena_bytes_) {}

int64_t Executor::add(const std::string &name, std::vector<int32_t> buffers,
                      std::vector<int64_t> ints, std::vector<double> reals) {
    const Kernel *kernel = find_kernel(name);
    if (!kernel) throw std::invalid_argument("there is no kernel '" + name + "'");
    check(name, buffers);
    const int64_t bytes = kernel->workspace_bytes ? kernel->workspace_bytes(ints.data()) : 0;
    workspace_bytes_ = std::max(workspace_bytes_, bytes);
    steps_.push_back({kernel, std::move(buffers), std::move(ints), std::move(reals), nullptr});
    return bytes;
}

int64_t Executor::add_loop(std::shared_ptr<const Loop> loop, std::vector<int32_t> buffers) {
    check("loop", buffers);
    const int64_t bytes = loop->workspace_bytes();
    workspace_bytes_ = std::max(workspace_bytes_, bytes);
    steps_.push_back({nullptr, std::move(buffers), {}, {}, std::move(loop)});
    return bytes;
}

void Executor::check(const std::string &name, const std::vector<int32_t> &buffers) const {
    for (const int32_t value : buffers)
        if (value < 0 || value >= int32_t(places_.size()))
            throw std::out_of_range("'" + name + "' refers to a value that has no place");
}

void Executor::finish() {
    total_bytes_ = arena_bytes_ + workspace_bytes_;
    for (Step &step : steps_) step.workspace_offset = arena_bytes_;
}

Failure Executor::run(char *arena, void *const *externals, int first, int last) const {
    for (int i = first; i < last; ++i) {
        const Step &step = steps_[size_t(i)];
        void *stack[MAX_STACK_BUFFERS];
        std::vector<void *> heap;
        void **buffers = stack;
        if (step.buffers.size() > MAX_STACK_BUFFERS) {
            heap.resize(step.buffers.size());
            buffers = heap.data();
        }
        for (size_t k = 0; k < step.buffers.size(); ++k) {
            const Place &place = places_[size_t(step.buffers[k])];
            buffers[k] = address(place, arena, externals);
        }
        if (step.loop) {
            if (const char *error = step.loop->run(buffers, arena + step.workspace_offset))
                return {i, error};
            continue;
        }
        Call call{buffers, step.ints.data(), step.reals.data(), arena + step.workspace_offset,
                  pool_team(), nullptr};
        step.kernel->run(&call);
        if (call.error) return {i, call.error};
    }
    return {-1, nullptr};
}

namespace {

int64_t aligned(int64_t bytes) { return (bytes + 63) & ~int64_t(63); }

int64_t sum_aligned(const std::vector<int64_t> &sizes) {
    int64_t total = 0;
    for (const int64_t bytes : sizes) total += aligned(bytes);
    return total;
}

}  // namespace

int64_t Loop::workspace_bytes() const { return body->arena_bytes() + 2 * sum_aligned(carry_bytes); }

const char *Loop::run(void *const *buffers, char *workspace) const {
    const size_t carries = carry_bytes.size(), slices = slice_bytes.size(), rows = row_bytes.size();
    const size_t inputs = carries + slices + size_t(constants);
    std::vector<void *> externals(inputs + carries + rows);
    for (size_t k = 0; k < inputs; ++k) externals[k] = buffers[k];
    char *kept = workspace + body->arena_bytes();  // carries of even steps, then of odd ones
    for (int64_t step = 0; step < length; ++step) {
        const int64_t i = is_reversed ? length - 1 - step : step;
        for (size_t k = 0; k < slices; ++k)
            externals[carries + k] = static_cast<char *>(buffers[carries + k]) + i * slice_bytes[k];
        for (size_t k = 0; k < rows; ++k)
            externals[inputs + carries + k] =
                static_cast<char *>(buffers[inputs + carries + k]) + i * row_bytes[k];
        char *next = kept + (step & 1) * sum_aligned(carry_bytes);
        for (size_t k = 0; k < carries; ++k) {
            if (step > 0) externals[k] = externals[inputs + k];
            externals[inputs + k] = step + 1 == length ? buffers[inputs + k] : next;
            next += aligned(carry_bytes[k]);
        }
        const Failure failure = body->run(workspace, externals.data(), 0, body->step_count());
        if (failure.step >= 0) return failure.message;
    }
    for (size_t k = 0; length == 0 && k < carries; ++k)
        std::memcpy(buffers[inputs + k], buffers[k], size_t(carry_bytes[k]));
    return nullptr;
}

namespace {

std::mutex arenas_lock;
std::multimap<int64_t, char *> free_list;  // by size
bool poisoned = false;

}  // namespace

char *lend_arena(int64_t bytes, int64_t *lent_bytes) {
    char *arena = nullptr;
    bytes = std::max<int64_t>(bytes, 64);
    {
        std::lock_guard<std::mutex> lock(arenas_lock);
        const auto found = free_list.lower_bound(bytes);
        if (found != free_list.end()) {
            *lent_bytes = found->first;
            arena = found->second;
            free_list.erase(found);
        } else if (!free_list.empty()) {
            std::free(free_list.rbegin()->second);  // too small: a larger one replaces it
            free_list.erase(std::prev(free_list.end()));
        }
    }
    if (!arena) {
        const int64_t unit = bytes >= HUGE_PAGE ? HUGE_PAGE : 4096;
        *lent_bytes = (bytes + unit - 1) / unit * unit;
        arena = static_cast<char *>(std::aligned_alloc(size_t(unit), size_t(*lent_bytes)));
        if (!arena) throw std::bad_alloc();
#if defined(__linux__)
        if (unit == HUGE_PAGE) madvise(arena, size_t(*lent_bytes), MADV_HUGEPAGE);
#endif
    }
    if (poisoned) std::memset(arena, 0xff, size_t(*lent_bytes));
    return arena;
}

void return_arena(char *arena, int64_t lent_bytes) {
    std::lock_guard<std::mutex> lock(arenas_lock);
    free_list.emplace(lent_bytes, arena);
}

void poison_arenas(bool on) {
    std::lock_guard<std::mutex> lock(arenas_lock);
    poisoned = on;
}

void free_arenas() {
    std::lock_guard<std::mutex> lock(arenas_lock);
    for (const auto &entry : free_list) std::free(entry.second);
    free_list.clear();
}
