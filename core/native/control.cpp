#include "control.h"

#include <algorithm>
#include <cstring>

#include "pool.h"
#include "watch.h"

namespace {

char *later(void *base, int64_t bytes) { return static_cast<char *>(base) + bytes; }

// Pieces of a workspace, one behind the other.
class Pieces {
  public:
    explicit Pieces(char *start) : next_(start) {}
    char *take(int64_t bytes) {
        char *piece = next_;
        next_ += aligned(bytes);
        return piece;
    }
    template <class T> T *take_array(size_t count) {
        return reinterpret_cast<T *>(take(int64_t(count * sizeof(T))));
    }
    char *rest() const { return next_; }

  private:
    char *next_;
};

bool is_true(const void *flag) { return *static_cast<const unsigned char *>(flag) != 0; }

}  // namespace

int64_t Body::arena_bytes() const { return std::max(main->arena_bytes(), prelude_bytes()); }

Failure Body::prepare(char *arena, void *const *externals) const {
    return prelude ? prelude->run(arena, externals) : Failure{};
}

// Loop --------------------------------------------------------------------------------------------

int64_t Loop::block_workspace_bytes() const {
    int64_t bytes = whole.main->arena_bytes();
    if (last.main) bytes = std::max(bytes, last.main->arena_bytes());
    for (int64_t k = 0; k < carries; ++k) bytes += 2 * aligned(block_bytes[size_t(k)]);
    return bytes + 2 * address_bytes(step_bytes.size() + 1);
}

int64_t Loop::workspace_bytes() const {
    const int64_t prelude = std::max(whole.prelude_bytes(), last.prelude_bytes());
    return aligned(whole.kept_bytes) + aligned(last.kept_bytes) +
           address_bytes(step_bytes.size() + 1) + aligned(blocks * int64_t(sizeof(Failure))) +
           std::max(prelude, blocks * block_workspace_bytes());
}

struct Loop::Run {
    const Loop &loop;
    void *const *buffers;
    char *kept[2];      // what the preludes of `whole` and `last` have made
    Failure *failures;  // of the blocks
    char *free;         // the blocks' workspaces
    Watch *watch;
};

Failure Loop::run(void *const *buffers, char *workspace) const {
    if (length == 0) {
        for (int64_t k = 0; k < carries; ++k)
            std::memcpy(buffers[inputs + k], buffers[k], size_t(carry_bytes[size_t(k)]));
        return {};
    }
    const size_t count = step_bytes.size();
    Pieces pieces(workspace);
    char *kept = pieces.take(whole.kept_bytes), *kept_of_last = pieces.take(last.kept_bytes);
    void **externals = pieces.take_array<void *>(count + 1);
    Failure *failures = pieces.take_array<Failure>(size_t(blocks));
    Run run{*this, buffers, {kept, kept_of_last}, failures, pieces.rest(), Watch::current()};
    std::copy(buffers, buffers + count, externals);
    for (const Body *body : {&whole, &last}) {
        externals[count] = run.kept[body == &last];
        if (Failure failure = body->prepare(run.free, externals)) return failure;
    }
    pool_team()->run(pool_team(), blocks, run_one_block, &run, 0);
    for (int64_t block = 0; block < blocks; ++block)
        if (failures[block]) return failures[block];
    return {};
}

void Loop::run_one_block(void *argument, int64_t block, char *) {
    const Run &run = *static_cast<Run *>(argument);
    const Loop &loop = run.loop;
    const Watch::Use use(run.watch);
    run.failures[block] = loop.run_block(run.buffers, run.kept[loop.is_last(block)],
                                         run.free + block * loop.block_workspace_bytes(), block);
}

Failure Loop::run_block(void *const *buffers, char *kept, char *workspace, int64_t block) const {
    const Executor &body = is_last(block) ? *last.main : *whole.main;
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
        if (Failure failure = body.run(workspace, externals)) return failure;
    }
    return {};
}

// While -------------------------------------------------------------------------------------------

int64_t While::workspace_bytes() const {
    const size_t inputs = size_t(carries() + constants);
    int64_t bytes = aligned(condition.kept_bytes) + aligned(body.kept_bytes) + aligned(1) +
                    address_bytes(inputs + 2) + address_bytes(inputs + size_t(carries()) + 1);
    for (const int64_t size : carry_bytes) bytes += aligned(size);
    return bytes + std::max(condition.arena_bytes(), body.arena_bytes());
}

// The places of an iteration's values. A carry is written in turn to the place of its last value and
// to a spare one, so that it is never read and written in one place.
struct While::Run {
    Run(const While &loop, void *const *buffers, char *workspace) : carries(size_t(loop.carries())) {
        const size_t inputs = carries + size_t(loop.constants);
        Pieces pieces(workspace);
        asked = pieces.take_array<void *>(inputs + 2);
        given = pieces.take_array<void *>(inputs + carries + 1);
        std::copy(buffers, buffers + inputs, asked);
        std::copy(buffers, buffers + inputs + carries, given);
        asked[inputs] = holds = pieces.take(1);
        asked[inputs + 1] = pieces.take(loop.condition.kept_bytes);
        given[inputs + carries] = pieces.take(loop.body.kept_bytes);
        made = given + inputs;
        spare = pieces.rest();
        for (const int64_t size : loop.carry_bytes) pieces.take(size);
        arena = pieces.rest();
    }

    // Hands on what an iteration has made, and finds places for what the next one makes.
    void advance(const While &loop, bool is_first) {
        char *free = spare;
        for (size_t k = 0; k < carries; ++k) {
            void *const before = given[k];
            asked[k] = given[k] = made[k];
            made[k] = is_first ? free : before;
            free += aligned(loop.carry_bytes[k]);
        }
    }

    size_t carries;
    void **asked, **given, **made;  // external arrays of the condition; of the body; its new carries
    char *holds, *spare, *arena;
};

Failure While::run(void *const *buffers, char *workspace) const {
    Run run(*this, buffers, workspace);
    if (Failure failure = condition.prepare(run.arena, run.asked)) return failure;
    for (bool is_first = true;; is_first = false) {
        if (Failure failure = condition.main->run(run.arena, run.asked)) return failure;
        if (!is_true(run.holds)) break;
        if (is_first)  // what never runs must not fail either
            if (Failure failure = body.prepare(run.arena, run.given)) return failure;
        if (Failure failure = body.main->run(run.arena, run.given)) return failure;
        run.advance(*this, is_first);
    }
    for (size_t k = 0; k < run.carries; ++k) {
        void *last = buffers[run.carries + size_t(constants) + k];
        if (run.given[k] != last) std::memcpy(last, run.given[k], size_t(carry_bytes[k]));
    }
    return {};
}

// Branch ------------------------------------------------------------------------------------------

int64_t Branch::workspace_bytes() const {
    int64_t bytes = 0;
    for (const Body &body : bodies)
        bytes = std::max(bytes, aligned(body.kept_bytes) + body.arena_bytes());
    return bytes + address_bytes(size_t(arrays) + 1);
}

Failure Branch::run(void *const *buffers, char *workspace) const {
    const bool is_choice = bodies.size() > 1;
    const Body &body = bodies[is_choice && !is_true(buffers[0])];
    Pieces pieces(workspace);
    void **externals = pieces.take_array<void *>(size_t(arrays) + 1);
    std::copy(buffers + is_choice, buffers + is_choice + arrays, externals);
    externals[arrays] = pieces.take(body.kept_bytes);
    if (Failure failure = body.prepare(pieces.rest(), externals)) return failure;
    return body.main->run(pieces.rest(), externals);
}
