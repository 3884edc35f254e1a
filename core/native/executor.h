// Runs a plan: kernels one after another, on memory that Python has laid out.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernel.h"

// Where the bytes of a value are: in the run's arena, or outside of it.
struct Place {
    int64_t external;  // which of the run's external arrays; -1: the arena; -2: an address
    int64_t offset;    // from there
};

class Executor;

// A body that runs once for each slice of some arrays, and hands values on.
//
// The rows of a batch often know nothing of each other. Then the loop is cut into blocks of rows, and
// a thread takes a block through all iterations: no barrier, and its values stay in its caches.
//
// The body's external arrays are: carries, slices, constants; new carries, rows of results; and what
// its prelude has made of the constants, once for all iterations.
struct Loop {
    // How a block runs: `prelude`, if there is one, and `body` have the same external arrays.
    struct Program {
        std::shared_ptr<const Executor> prelude, body;
        int64_t kept_bytes = 0;  // what the prelude makes
    };
    Program whole, last;  // of the last block, where that is smaller
    int64_t length, blocks;
    bool is_reversed;
    int64_t carries, inputs;
    // of each external array: from one iteration to the next; from one block to the next
    std::vector<int64_t> step_bytes, block_bytes;
    std::vector<int64_t> carry_bytes;  // of all blocks

    int64_t workspace_bytes() const;  // all that a run needs: it allocates nothing
    // buffers: carries, (length, slices), constants; then last carries and (length, rows).
    const char *run(void *const *buffers, char *workspace) const;  // null, or what went wrong

  private:
    struct Run;  // what the blocks of a run share
    static void run_one_block(void *run, int64_t block, char *);
    bool is_last(int64_t block) const { return last.body && block + 1 == blocks; }
    int64_t block_workspace_bytes() const;  // a body's arena, carries on their way, and addresses
    const char *run_block(void *const *buffers, char *kept, char *workspace, int64_t block) const;
};

struct Step {
    const Kernel *kernel;  // null for a loop
    std::vector<int32_t> buffers;  // values, inputs first
    std::vector<int64_t> ints;
    std::vector<double> reals;
    std::shared_ptr<const Loop> loop;
    int64_t workspace_offset = 0;  // in the arena
};

struct Failure {
    int step;
    const char *message;
};

class Executor {
  public:
    Executor(std::vector<Place> places, int64_t arena_bytes);

    // Adds a step; returns the bytes of workspace that it wants.
    int64_t add(const std::string &kernel, std::vector<int32_t> buffers, std::vector<int64_t> ints,
                std::vector<double> reals);
    int64_t add_loop(std::shared_ptr<const Loop> loop, std::vector<int32_t> buffers);
    void finish();  // places the workspace behind the arena: steps share it, one runs at a time

    // Runs steps first .. last-1. `externals` are addresses.
    Failure run(char *arena, void *const *externals, int first, int last) const;

    int64_t arena_bytes() const { return total_bytes_; }
    int step_count() const { return int(steps_.size()); }

  private:
    void check(const std::string &name, const std::vector<int32_t> &buffers) const;
    std::vector<Place> places_;
    std::vector<Step> steps_;
    int64_t arena_bytes_, total_bytes_, workspace_bytes_ = 0;
    int64_t addresses_offset_ = 0;  // of the running step's buffers, in the arena
};

// Arenas are lent for a run and kept: a steady state allocates nothing and touches no new page.
char *lend_arena(int64_t bytes, int64_t *lent_bytes);
void return_arena(char *arena, int64_t lent_bytes);
void poison_arenas(bool on);  // for tests: lent arenas are full of NaNs
void free_arenas();
