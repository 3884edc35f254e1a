// Loops and branches: steps of a plan that run executors of their own, without coming back.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "executor.h"

// What a loop or branch runs. Its last external array is what the prelude, if there is one, makes of
// constants alone; the prelude has the same external arrays.
struct Body {
    std::shared_ptr<const Executor> prelude, main;
    int64_t kept_bytes = 0;  // what the prelude makes

    int64_t prelude_bytes() const { return prelude ? prelude->arena_bytes() : 0; }
    int64_t arena_bytes() const;  // that either may use, one after the other
    Failure prepare(char *arena, void *const *externals) const;
};

class Control {
  public:
    virtual ~Control() = default;
    virtual int64_t workspace_bytes() const = 0;  // all that a run needs: it allocates nothing
    virtual Failure run(void *const *buffers, char *workspace) const = 0;
};

// A body that runs once for each slice of some arrays, and hands values on.
//
// The rows of a batch often know nothing of each other. Then the loop is cut into blocks of rows, and
// a thread takes a block through all iterations: no barrier, and its values stay in its caches.
//
// buffers: carries, (length, slices), constants; then last carries and (length, rows).
// The body's external arrays are: carries, slices, constants; new carries, rows of results.
class Loop : public Control {
  public:
    Body whole, last;  // of the last block, where that is smaller
    int64_t length, blocks;
    bool is_reversed;
    int64_t carries, inputs;
    // of each external array: from one iteration to the next; from one block to the next
    std::vector<int64_t> step_bytes, block_bytes;
    std::vector<int64_t> carry_bytes;  // of all blocks

    int64_t workspace_bytes() const override;
    Failure run(void *const *buffers, char *workspace) const override;

  private:
    struct Run;  // what the blocks of a run share
    static void run_one_block(void *run, int64_t block, char *);
    bool is_last(int64_t block) const { return last.main && block + 1 == blocks; }
    int64_t block_workspace_bytes() const;  // a body's arena, carries on their way, and addresses
    Failure run_block(void *const *buffers, char *kept, char *workspace, int64_t block) const;
};

// A body that runs as long as another one, the condition, says so, and hands values on.
//
// buffers: carries, constants; then last carries.
// Both bodies' external arrays are: carries, constants; then () bool, or new carries.
class While : public Control {
  public:
    Body condition, body;
    int64_t constants;
    std::vector<int64_t> carry_bytes;

    int64_t workspace_bytes() const override;
    Failure run(void *const *buffers, char *workspace) const override;

  private:
    struct Run;
    int64_t carries() const { return int64_t(carry_bytes.size()); }
};

// One of two bodies, or the only one there is.
//
// buffers: () bool, unless there is one body; constants; results, as the bodies' external arrays.
class Branch : public Control {
  public:
    std::vector<Body> bodies;  // the first runs where the condition holds
    int64_t arrays;            // constants and results

    int64_t workspace_bytes() const override;
    Failure run(void *const *buffers, char *workspace) const override;
};
