// Runs a plan: kernels one after another, on memory that Python has laid out.
#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "kernel.h"

// Where the bytes of a value are: in the run's arena, or outside of it.
struct Place {
    int64_t external;  // which of the run's external arrays; -1: the arena; -2: an address
    int64_t offset;    // from there
};

class Control;  // a loop or branch, see control.h
class Executor;

// What went wrong, if something did.
struct Failure {
    const Executor *executor = nullptr;  // whose step it was: the plan's or a body's; null: none did
    int step = -1;
    const char *message = nullptr;
    explicit operator bool() const { return executor; }
};

struct Step {
    const Kernel *kernel;  // null for a loop or branch
    std::vector<int32_t> buffers;  // values, inputs first
    std::vector<int64_t> ints;
    std::vector<double> reals;
    std::shared_ptr<const Control> control;
    int64_t workspace_offset = 0;  // in the arena
};

class Executor {
  public:
    Executor(std::vector<Place> places, int64_t arena_bytes);

    // Adds a step; returns the bytes of workspace that it wants.
    int64_t add(const std::string &kernel, std::vector<int32_t> buffers, std::vector<int64_t> ints,
                std::vector<double> reals);
    int64_t add(std::shared_ptr<const Control> control, std::vector<int32_t> buffers);
    // Places the workspace behind the arena: steps share it, one runs at a time. A run may be stopped
    // before each of the first steps, and before the one that follows them; then no more.
    void finish(int stoppable_steps = std::numeric_limits<int>::max());

    // Runs steps first .. last-1. `externals` are addresses. This thread's watch may stop it.
    Failure run(char *arena, void *const *externals, int first, int last) const;
    Failure run(char *arena, void *const *externals) const {
        return run(arena, externals, 0, step_count());
    }

    int64_t arena_bytes() const { return total_bytes_; }
    int step_count() const { return int(steps_.size()); }

  private:
    void check(const std::string &name, const std::vector<int32_t> &buffers) const;
    std::vector<Place> places_;
    std::vector<Step> steps_;
    int64_t arena_bytes_, total_bytes_, workspace_bytes_ = 0;
    int64_t addresses_offset_ = 0;  // of the running step's buffers, in the arena
    int stoppable_steps_ = 0;
};

// Sizes in the arena are whole cache lines.
inline int64_t aligned(int64_t bytes) { return (bytes + 63) & ~int64_t(63); }
inline int64_t address_bytes(size_t count) { return aligned(int64_t(count * sizeof(void *))); }

// Arenas are lent for a run and kept: a steady state allocates nothing and touches no new page.
char *lend_arena(int64_t bytes, int64_t *lent_bytes);
void return_arena(char *arena, int64_t lent_bytes);
void poison_arenas(bool on);  // for tests: lent arenas are full of NaNs
void free_arenas();
