// What a kernel sees, and how it is found.
//
// Plain C types only. A file in kernels/ is compiled once for each instruction set and may include
// neither the C++ library nor Python: an inline function compiled with AVX-512 could be the copy
// that the linker keeps for everybody.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct Team;

// One piece of a kernel's work. Pieces run in any order, at once where there are threads; `scratch`
// belongs to the running thread, so it holds nothing between two pieces.
typedef void (*Task)(void *argument, int64_t index, char *scratch);

struct Team {
    // Runs task 0 .. tasks-1, each exactly once, and returns when all are done. What a piece computes
    // must follow from its index alone, never from the thread: so bits do not depend on their number.
    void (*run)(const Team *, int64_t tasks, Task task, void *argument, size_t scratch_bytes);
};

struct Call {
    void *const *buffers;  // inputs, then outputs; dense, in C order
    const int64_t *ints;   // sizes and attributes, as the kernel's comment lists them
    const double *reals;
    char *workspace;       // `workspace_bytes` of it, aligned to 64 bytes, contents undefined
    const Team *team;
    const char *error;     // a kernel that cannot go on points this at a text, constant or in its
                           // workspace, and returns
};

struct Kernel {
    const char *name;
    void (*run)(Call *);
    int64_t (*workspace_bytes)(const int64_t *ints);  // null: none
};

struct KernelTable {
    const Kernel *kernels;
    int count;
};

// Makes the table of a kernel file, such as thalweg_gemm_avx512: constant data, so that nothing of an
// instruction set runs before it was chosen.
#define THALWEG_PASTE_(a, b, c) a##b##_##c
#define THALWEG_PASTE(a, b, c) THALWEG_PASTE_(a, b, c)
#define THALWEG_NAME(name) THALWEG_PASTE(thalweg_, name, THALWEG_ISA)
#define KERNEL_TABLE(family, ...)                                                            \
    static const Kernel family##_rows[] = {__VA_ARGS__};                                     \
    extern "C" {                                                                             \
    extern const KernelTable THALWEG_NAME(family);                   \
    const KernelTable THALWEG_NAME(family) = {                       \
        family##_rows, int(sizeof(family##_rows) / sizeof(Kernel))};                         \
    }
