#include "executor.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "control.h"
#include "dispatch.h"
#include "pool.h"
#include "watch.h"

namespace {
constexpr int64_t HUGE_PAGE = 2 << 20;

char *address(const Place &place, char *arena, void *const *externals) {
    if (place.external == -2) return reinterpret_cast<char *>(intptr_t(place.offset));
    char *base = place.external < 0 ? arena : static_cast<char *>(externals[place.external]);
    return base + place.offset;
}

}  // namespace

Executor::Executor(std::vector<Place> places, int64_t arena_bytes)
    : places_(std::move(places)), arena_bytes_(aligned(arena_bytes)), total_bytes_(arena_bytes_) {}

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

int64_t Executor::add(std::shared_ptr<const Control> control, std::vector<int32_t> buffers) {
    check("a loop or branch", buffers);
    const int64_t bytes = control->workspace_bytes();
    workspace_bytes_ = std::max(workspace_bytes_, bytes);
    steps_.push_back({nullptr, std::move(buffers), {}, {}, std::move(control)});
    return bytes;
}

void Executor::check(const std::string &name, const std::vector<int32_t> &buffers) const {
    for (const int32_t value : buffers)
        if (value < 0 || value >= int32_t(places_.size()))
            throw std::out_of_range("'" + name + "' refers to a value that has no place");
}

void Executor::finish(int stoppable_steps) {
    stoppable_steps_ = stoppable_steps;
    addresses_offset_ = arena_bytes_ + aligned(workspace_bytes_);
    size_t most = 0;
    for (Step &step : steps_) {
        step.workspace_offset = arena_bytes_;
        most = std::max(most, step.buffers.size());
    }
    total_bytes_ = addresses_offset_ + address_bytes(most);
}

Failure Executor::run(char *arena, void *const *externals, int first, int last) const {
    Watch *watch = Watch::current();
    for (int i = first; i < last; ++i) {
        if (watch) {
            if (i <= stoppable_steps_ && watch->is_over()) return {this, i, "it was stopped"};
            if (i >= stoppable_steps_) watch->close();
        }
        const Step &step = steps_[size_t(i)];
        void **buffers = reinterpret_cast<void **>(arena + addresses_offset_);
        for (size_t k = 0; k < step.buffers.size(); ++k) {
            const Place &place = places_[size_t(step.buffers[k])];
            buffers[k] = address(place, arena, externals);
        }
        if (step.control) {
            if (Failure failure = step.control->run(buffers, arena + step.workspace_offset))
                return failure;
            continue;
        }
        Call call{buffers, step.ints.data(), step.reals.data(), arena + step.workspace_offset,
                  pool_team(), nullptr};
        step.kernel->run(&call);
        if (call.error) return {this, i, call.error};
    }
    return {};
}

namespace {

std::mutex arenas_lock;
std::vector<std::pair<int64_t, char *>> free_list;  // sizes and arenas; its own memory stays
bool poisoned = false;

// The smallest arena of at least so many bytes. If there is none the largest is freed: a larger one
// will replace it.
char *take_free_arena(int64_t bytes, int64_t *lent_bytes) {
    std::lock_guard<std::mutex> lock(arenas_lock);
    if (free_list.empty()) return nullptr;
    auto best = free_list.end();
    for (auto entry = free_list.begin(); entry != free_list.end(); ++entry) {
        const bool fits = entry->first >= bytes;
        if (fits && (best == free_list.end() || entry->first < best->first)) best = entry;
    }
    const bool is_found = best != free_list.end();
    if (!is_found) best = std::max_element(free_list.begin(), free_list.end());
    const auto [size, arena] = *best;
    free_list.erase(best);
    if (!is_found) std::free(arena);
    *lent_bytes = size;
    return is_found ? arena : nullptr;
}

}  // namespace

char *lend_arena(int64_t bytes, int64_t *lent_bytes) {
    bytes = std::max<int64_t>(bytes, 64);
    char *arena = take_free_arena(bytes, lent_bytes);
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
    free_list.emplace_back(lent_bytes, arena);
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
