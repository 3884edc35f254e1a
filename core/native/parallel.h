// `parallel(call, tasks, scratch_bytes, [&](int64_t index, char *scratch) {...})` in kernels.
#pragma once
#include "kernel.h"
#include "vec.h"

namespace {

template <class Body> void parallel(Call *call, int64_t tasks, size_t scratch_bytes, const Body &body) {
    call->team->run(
        call->team, tasks,
        [](void *argument, int64_t index, char *scratch) {
            (*(const Body *)argument)(index, scratch);
        },
        (void *)&body, scratch_bytes);
}

// Items 0 .. count-1 in spans of `grain`: body(begin, end). The spans follow from the sizes alone.
template <class Body> void parallel_spans(Call *call, int64_t count, int64_t grain, const Body &body) {
    if (count <= grain) {
        if (count > 0) body(int64_t(0), count);
        return;
    }
    parallel(call, divide_up(count, grain), 0, [&](int64_t i, char *) {
        body(i * grain, smaller(count, (i + 1) * grain));
    });
}

}  // namespace
