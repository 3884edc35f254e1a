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

#include "dispatch.h"
#include "pool.h"

namespace {
constexpr int64_t HUGE_PAGE = 2 << 20;

int64_t aligned(int64_t bytes) { return (bytes + 63) & ~int64_t(63); }
int64_t address_bytes(size_t count) { return aligned(int64_t(count * sizeof(void *))); }

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
    addresses_offset_ = arena_bytes_ + aligned(workspace_bytes_);
    size_t most = 0;
    for (Step &step : steps_) {
        step.workspace_offset = arena_bytes_;
        most = std::max(most, step.buffers.size());
    }
    total_bytes_ = addresses_offset_ + address_bytes(most);
}

Failure Executor::run(char *arena, void *const *externals, int first, int last) const {
    for (int i = first; i < last; ++i) {
        const Step &step = steps_[size_t(i)];
        void **buffers = reinterpret_cast<void **>(arena + addresses_offset_);
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

char *later(void *base, int64_t bytes) { return static_cast<char *>(base) + bytes; }

}  // namespace

int64_t Loop::block_workspace_bytes() const {
    int64_t bytes = whole.body->arena_bytes();
    if (last.body) bytes = std::max(bytes, last.body->arena_bytes());
    for (int64_t k = 0; k < carries; ++k) bytes += 2 * aligned(block_bytes[size_t(k)]);
    return bytes + 2 * address_bytes(step_bytes.size() + 1);
}

int64_t Loop::workspace_bytes() const {
    int64_t prelude = 0;
    for (const Program *program : {&whole, &last})
        if (program->prelude) prelude = std::max(prelude, program->prelude->arena_bytes());
    return aligned(whole.kept_bytes) + aligned(last.kept_bytes) +
           address_bytes(step_bytes.size() + 1) + address_bytes(size_t(blocks)) +
           std::max(prelude, blocks * block_workspace_bytes());
}

struct Loop::Run {
    const Loop &loop;
    void *const *buffers;
    char *kept[2];         // what the preludes of `whole` and `last` have made
    const char **errors;   // of the blocks
    char *free;            // the blocks' workspaces
};

const char *Loop::run(void *const *buffers, char *workspace) const {
    if (length == 0) {
        for (int64_t k = 0; k < carries; ++k)
            std::memcpy(buffers[inputs + k], buffers[k], size_t(carry_bytes[size_t(k)]));
        return nullptr;
    }
    Run run{*this, buffers, {workspace, workspace + aligned(whole.kept_bytes)}, nullptr, nullptr};
    void **externals = reinterpret_cast<void **>(run.kept[1] + aligned(last.kept_bytes));
    run.errors = reinterpret_cast<const char **>(later(externals, address_bytes(step_bytes.size() + 1)));
    run.free = later(run.errors, address_bytes(size_t(blocks)));
    std::copy(buffers, buffers + step_bytes.size(), externals);
    for (const Program *program : {&whole, &last}) {
        if (!program->prelude) continue;
        externals[step_bytes.size()] = run.kept[program == &last];
        const Failure failure =
            program->prelude->run(run.free, externals, 0, program->prelude->step_count());
        if (failure.step >= 0) return failure.message;
    }
    pool_team()->run(pool_team(), blocks, run_one_block, &run, 0);
    for (int64_t block = 0; block < blocks; ++block)
        if (run.errors[block]) return run.errors[block];
    return nullptr;
}

void Loop::run_one_block(void *argument, int64_t block, char *) {
    const Run &run = *static_cast<Run *>(argument);
    const Loop &loop = run.loop;
    run.errors[block] = loop.run_block(run.buffers, run.kept[loop.is_last(block)],
                                       run.free + block * loop.block_workspace_bytes(), block);
}

const char *Loop::run_block(void *const *buffers, char *kept, char *workspace, int64_t block) const {
    const Executor &body = is_last(block) ? *last.body : *whole.body;
    const size_t count = step_bytes.size();
    char *end = workspace + block_workspace_bytes();
    void **bases = reinterpret_cast<void **>(end - address_bytes(count + 1));
    void **externals = reinterpret_cast<void **>(end - 2 * address_bytes(count + 1));
    for (size_t k = 0; k < count; ++k)
        externals[k] = bases[k] = later(buffers[k], block * block_bytes[k]);
    externals[count] = kept;
    for (int64_t step = 0; step < length; ++step) {
        const int64_t i = is_reversed ? length - 1 - step : step;
        for (size_t k = size_t(carries); k < count; ++k)
            if (step_bytes[k]) externals[k] = later(bases[k], i * step_bytes[k]);
        char *spare = reinterpret_cast<char *>(externals);  // before them: each carry's two places
        for (size_t k = 0; k < size_t(carries); ++k) {
            const int64_t bytes = aligned(block_bytes[k]);
            void *&next = externals[size_t(inputs) + k];
            if (step > 0) externals[k] = next;
            next = step + 1 == length ? bases[size_t(inputs) + k] : spare - (1 + step % 2) * bytes;
            spare -= 2 * bytes;
        }
        const Failure failure = body.run(workspace, externals, 0, body.step_count());
        if (failure.step >= 0) return failure.message;
    }
    return nullptr;
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
