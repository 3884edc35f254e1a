// Sums of neighbours: patches put back into images, and channels near each other.
#include "../parallel.h"
#include "../types.h"

namespace {

constexpr int64_t TASK_ELEMENTS = 1 << 14;

// One axis of the patches: cells of the image, patches, cells of a patch, and how they lie.
struct PatchAxis {
    int64_t size, count, cells, stride, rate, before;

    explicit PatchAxis(const int64_t *v)
        : size(v[0]), count(v[1]), cells(v[2]), stride(v[3]), rate(v[4]), before(v[5]) {}
    // The patch whose cell `k` is cell `at` of the image; -1 if none is.
    int64_t patch(int64_t at, int64_t k) const {
        const int64_t start = at + before - k * rate;
        return start >= 0 && start % stride == 0 && start / stride < count ? start / stride : -1;
    }
};

// ints: type, batch, channels, then size, count, cells, stride, rate, padding before, of rows and
// of columns.   buffers: patches (batch, rows, columns, cells, channels), images (batch, height,
// width, channels), in which each cell is the sum of all patches' that it is, in the order of a
// patch's cells.
void patches_gradient(Call *call) {
    const int64_t *v = call->ints, channels = v[2];
    const PatchAxis rows(v + 3), columns(v + 9);
    by_number(v[0], [&](auto type) {
        typedef TypeOf<decltype(type)> T;
        const T *g = (const T *)call->buffers[0];
        T *y = (T *)call->buffers[1];
        const int64_t work = greater(1, columns.size * channels * rows.cells * columns.cells);
        const int64_t grain = greater(1, TASK_ELEMENTS / work);
        parallel_spans(call, v[1] * rows.size, grain, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                T *line = y + i * columns.size * channels;
                __builtin_memset(line, 0, size_t(columns.size * channels) * sizeof(T));
                for (int64_t p = 0; p < rows.cells; ++p) {
                    const int64_t row = rows.patch(i % rows.size, p);
                    if (row < 0) continue;
                    const int64_t patches = (i / rows.size * rows.count + row) * columns.count;
                    for (int64_t q = 0; q < columns.cells; ++q)
                        for (int64_t at = 0; at < columns.size; ++at) {
                            const int64_t column = columns.patch(at, q);
                            if (column < 0) continue;
                            const int64_t patch = (patches + column) * rows.cells + p;
                            const T *from = g + (patch * columns.cells + q) * channels;
                            for (int64_t c = 0; c < channels; ++c)
                                line[at * channels + c] = T(line[at * channels + c] + from[c]);
                        }
                }
            }
        });
    });
}

// ints: type, rows, channels, radius.   buffers: x, y: for each channel the sum of those at most
// `radius` away.
void neighbour_sum(Call *call) {
    const int64_t channels = call->ints[2], radius = call->ints[3];
    by_float(call->ints[0], [&](auto type) {
        typedef TypeOf<decltype(type)> T;
        const T *x = (const T *)call->buffers[0];
        T *y = (T *)call->buffers[1];
        const int64_t grain = greater(1, TASK_ELEMENTS / greater(1, channels * (2 * radius + 1)));
        parallel_spans(call, call->ints[1], grain, [&](int64_t begin, int64_t end) {
            for (int64_t r = begin; r < end; ++r) {
                const T *from = x + r * channels;
                T *to = y + r * channels;
                for (int64_t c = 0; c < channels; ++c) to[c] = T(0);
                for (int64_t move = -radius; move <= radius; ++move) {
                    const int64_t last = smaller(channels, channels - move);
                    for (int64_t c = greater(0, -move); c < last; ++c) to[c] += from[c + move];
                }
            }
        });
    });
}

}  // namespace

KERNEL_TABLE(neighbours, {"patches_gradient", patches_gradient, nullptr},
             {"neighbour_sum", neighbour_sum, nullptr})
