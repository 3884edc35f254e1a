// Several element-wise operations as one, by number, the last ones of ../elementwise_ops.h.
#pragma once
#include "../kernel.h"

namespace {

// One operation on one block: destination, sources, number of elements. The destination may be one
// of the sources.
typedef void (*BlockFunction)(void *, const void *const *, int64_t);

}  // namespace

// Null for other operations, and for other types than float32 and float64.
extern "C" BlockFunction THALWEG_NAME(composite)(int64_t op, int64_t type);
