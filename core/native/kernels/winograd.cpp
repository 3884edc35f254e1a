// 3 x 3 convolutions by Winograd's minimal filtering, float32: see winograd.h for the mathematics.
//
// `winograd_kernel` transforms the kernel: U = G g G'. `winograd` transforms tiles of the images,
// V = B' d B, multiplies at each point, and transforms back, y = A' M A. Layouts:
//   V  [block of tiles][point][in / VL][tile of the block][VL]   as the micro-kernel reads it
//   U  [panel of NR outputs][point][in][NR]                      likewise
//   M  [tile][point][NR]                                         as the output transform reads it
// Channels are padded to whole vectors in these buffers only.
#include "winograd.h"

namespace {

// The kernel's transform ---------------------------------------------------------------------------

constexpr int64_t CACHE_BYTES = 8 << 20;
constexpr int64_t ROWS_PER_TASK = 4 * VL;  // rows of `in` in a task of the kernel's transform

// The transformed kernel: `in` rows and `out` columns at each point.
struct Panels {
    int64_t in, out;
    int64_t count() const { return divide_up(out, NR); }
    int64_t width(int64_t panel) const { return smaller(NR, round_up(out - panel * NR, VL)); }
    template <int M> int64_t offset(int64_t panel) const { return panel * POINTS<M> * in * NR; }
    template <int M> int64_t bytes() const {
        return POINTS<M> * in * round_up(out, VL) * int64_t(sizeof(float));
    }
};

// One row of VL columns: `load(tap)` reads the taps, in row-major order.
template <int M, class Load>
INLINE void transform_kernel_row(const Load &load, float *to, int64_t point_step, bool is_streamed) {
    constexpr int N = SIDE<M>;
    vf half[3][N];
    UNROLL for (int j = 0; j < 3; ++j) {
        const vf column[3] = {load(j), load(3 + j), load(6 + j)};
        Winograd<M>::kernel(column, half[j]);
    }
    UNROLL for (int i = 0; i < N; ++i) {
        const vf row[3] = {half[0][i], half[1][i], half[2][i]};
        vf made[N];
        Winograd<M>::kernel(row, made);
        if (is_streamed) UNROLL for (int j = 0; j < N; ++j) stream(to + (i * N + j) * point_step, made[j]);
        else UNROLL for (int j = 0; j < N; ++j) store(to + (i * N + j) * point_step, made[j]);
    }
}

// Rows r0 .. r1 of one panel from a kernel (3, 3, in, out).
template <int M>
void transform_kernel(const Panels &p, const float *kernel, int64_t panel, int64_t r0, int64_t r1,
                      float *to, bool is_streamed) {
    const int64_t width = p.width(panel), n0 = panel * NR;
    float *first = to + p.offset<M>(panel);
    for (int64_t r = r0; r < r1; ++r)
        for (int64_t j = 0; j < width; j += VL)
            transform_kernel_row<M>(
                [&](int tap) {
                    return load_first(kernel + (tap * p.in + r) * p.out + n0 + j, p.out - n0 - j);
                },
                first + r * width + j, p.in * width, is_streamed);
}

// The same for the convolution that is the gradient in the images: its kernel, turned by 180 degrees
// and transposed, lies in memory as (3, 3, out, in).
template <int M>
void transform_turned_kernel(const Panels &p, const float *kernel, int64_t panel, int64_t r0, int64_t r1,
                             float *to, bool is_streamed, float *block) {
    const int64_t width = p.width(panel);
    float *first = to + p.offset<M>(panel);
    for (int64_t j = 0; j < width; j += VL)
        for (int64_t r = r0; r < r1; r += VL) {
            const int64_t n = panel * NR + j;
            for (int tap = 0; tap < 9; ++tap)
                transpose_block(kernel + (tap * p.out + n) * p.in + r, p.in, smaller(VL, p.out - n),
                                smaller(VL, r1 - r), block + tap * VL * VL, VL);
            for (int64_t i = 0; i < smaller(VL, r1 - r); ++i)
                transform_kernel_row<M>(
                    [&](int tap) { return load(block + ((8 - tap) * VL + i) * VL); },
                    first + (r + i) * width + j, p.in * width, is_streamed);
        }
}

// ints: M, in, out, is_turned.   buffers: kernel (3, 3, in, out), or (3, 3, out, in) if turned; U.
template <int M> void transform_whole_kernel(Call *call) {
    const Panels p{call->ints[1], call->ints[2]};
    const bool is_turned = call->ints[3];
    const float *kernel = (const float *)call->buffers[0];
    float *to = (float *)call->buffers[1];
    const bool is_streamed = p.bytes<M>() > CACHE_BYTES && uintptr_t(to) % VECTOR_BYTES == 0;
    const int64_t spans = divide_up(p.in, ROWS_PER_TASK);
    parallel(call, p.count() * spans, 9 * VL * VL * sizeof(float), [&](int64_t task, char *scratch) {
        const int64_t r0 = task % spans * ROWS_PER_TASK, r1 = smaller(p.in, r0 + ROWS_PER_TASK);
        if (is_turned)
            transform_turned_kernel<M>(p, kernel, task / spans, r0, r1, to, is_streamed, (float *)scratch);
        else
            transform_kernel<M>(p, kernel, task / spans, r0, r1, to, is_streamed);
        if (is_streamed) stream_end();
    });
}

void run_kernel_transform(Call *call) {
    if (call->ints[0] == 4) transform_whole_kernel<4>(call);
    else transform_whole_kernel<2>(call);
}

// The products -------------------------------------------------------------------------------------

// Steps written out in the loop: with 16 registers the operands of several would drive out the sums.
constexpr int UNROLLED = REGISTERS >= 32 ? 4 : 1;

// m[i][j] = sum over l < steps of a[l / VL * a_step + i * VL + l % VL] * b[l][j], i < MR, j < NV * VL.
template <int MR, int NV>
__attribute__((noinline)) void multiply_rows(const float *a, int64_t a_step, const float *b,
                                             int64_t steps, float *m, int64_t m_row) {
    vf sum[MR][NV];
    UNROLL for (int i = 0; i < MR; ++i) UNROLL for (int j = 0; j < NV; ++j) sum[i][j] = vf{};
    const auto step = [&](const float *a, const float *b) __attribute__((always_inline)) {
        vf column[NV];
        UNROLL for (int j = 0; j < NV; ++j) column[j] = load(b + j * VL);
        UNROLL for (int i = 0; i < MR; ++i) {
            const vf x = splat(a[i * VL]);
            UNROLL for (int j = 0; j < NV; ++j) sum[i][j] += x * column[j];
        }
    };
    for (; steps >= VL; steps -= VL, a += a_step)
        NO_UNROLL for (int l = 0; l < VL; l += UNROLLED, b += UNROLLED * NV * VL)
            UNROLL for (int k = 0; k < UNROLLED; ++k) step(a + l + k, b + k * NV * VL);
    for (int64_t l = 0; l < steps; ++l, b += NV * VL) step(a + l, b);
    UNROLL for (int i = 0; i < MR; ++i)
        UNROLL for (int j = 0; j < NV; ++j) store(m + i * m_row + j * VL, sum[i][j]);
}

typedef void (*RowsFunction)(const float *, int64_t, const float *, int64_t, float *, int64_t);

template <int NV> RowsFunction function_for(int64_t rows) {
#define ROW(n) \
    case n: if constexpr (n <= MR_MAX) return multiply_rows<n, NV>; else return nullptr;
    switch (rows) {
        ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6) ROW(7)
        ROW(8) ROW(9) ROW(10) ROW(11) ROW(12) ROW(13) ROW(14)
    }
#undef ROW
    return nullptr;
}

// How the work is cut. A block of tiles is what the micro-kernel takes at once, a group is what a task
// takes.
struct Blocking {
    int64_t rows;    // tiles of a block
    int64_t blocks;  // of a group
    int64_t chunk;   // groups whose V is made, by all threads, before their products; 0: each task makes
                     // the V of its group and goes through all panels
    int64_t vector_step, point_step, block_step;  // of V, in floats
};

constexpr int64_t MIN_WORK = 1 << 20;      // multiplications of a task, about 20 us
constexpr int64_t VECTORS_PER_TASK = 256;  // of images to transform: about 20 us
constexpr int64_t MIN_TASKS = 8;           // keep a few threads evenly busy
constexpr int64_t PRIVATE_V = 264 << 10;   // bytes: V and M of a group share the second-level cache with U
constexpr int64_t SHARED_V = 8 << 20;      // bytes: V of a chunk stays in the last-level cache
constexpr int64_t SHARED_BLOCKS = 4;       // M of so many is 256 KB, and U is read a quarter as often
constexpr int64_t LARGE_KERNEL = 16 << 20; // bytes: not every group may read all of such a U

// Tasks of their own groups need no barrier and find V in their second-level cache. With too few groups
// for that, or a U that would come from memory for each of them, tasks are groups times panels.
template <int M> Blocking cut(const Layer &l, const Panels &p) {
    Blocking k;
    k.rows = rows_per_tile(l.tiles);
    k.vector_step = k.rows * VL;
    // one vector more: not a multiple of the distance at which addresses share a cache set
    k.point_step = divide_up(l.in, VL) * k.vector_step + VL;
    k.block_step = POINTS<M> * k.point_step;
    k.chunk = 0;
    const int64_t block_bytes = k.block_step * int64_t(sizeof(float));
    const int64_t blocks = greater(1, divide_up(l.tiles, k.rows));
    const int64_t work = l.tiles * POINTS<M> * l.in * l.out;
    const int64_t wanted = greater(1, smaller(work / MIN_WORK, MIN_TASKS));
    const auto share = [&](int64_t most) {  // blocks into equal groups of at most so many
        k.blocks = divide_up(blocks, divide_up(blocks, greater(1, most)));
    };
    share(smaller(PRIVATE_V / block_bytes, blocks / wanted));
    const int64_t panels = p.count();
    const bool is_large = p.bytes<M>() > LARGE_KERNEL;
    if (panels > 1 && wanted > 1 && (blocks < wanted || is_large)) {
        share(smaller(SHARED_BLOCKS, blocks * panels / (2 * wanted)));
        const int64_t groups = divide_up(blocks, k.blocks);
        k.chunk = greater(1, smaller(groups, SHARED_V / (block_bytes * k.blocks)));
    }
    return k;
}

// Large results go past the caches: so do those that U has driven out when they are read again. Whole
// cache lines only.
template <int M> bool should_stream(const Layer &l, const Panels &p, const float *outputs) {
    constexpr int64_t LARGE = 6 << 20;
    const int64_t bytes = l.batch * l.out_height * l.out_width * l.out * int64_t(sizeof(float));
    return VECTOR_BYTES == 64 && l.out % VL == 0 && uintptr_t(outputs) % 64 == 0 &&
           bytes + p.bytes<M>() > LARGE;
}

struct Convolution {
    Layer l;
    Panels panels;
    Blocking k;
    const float *images, *kernel, *bias;
    float *outputs;
    Activation activation;
    bool pools, is_streamed;
};

// One tile and panel from M to the outputs; `pools` takes the largest of each 2 x 2.
template <int M>
INLINE void transform_outputs(const Convolution &c, int64_t tile, int64_t panel, const float *m) {
    constexpr int N = SIDE<M>;
    const Layer &l = c.l;
    const Place p = place_of<M>(l, tile);
    const int64_t width = c.panels.width(panel);
    const int64_t shrink = c.pools ? 2 : 1;
    const int64_t height = l.out_height / shrink, row = p.row / shrink;
    const int64_t columns = l.out_width / shrink, column = p.column / shrink;
    for (int64_t h = 0; h < width; h += VL) {
        const int64_t n = panel * NR + h, lanes = l.out - n;
        vf y[M][M];
        both_axes<N, M>([](const vf *from, vf *to) { Winograd<M>::outputs(from, to); },
                        [&](int i, int j) { return load(m + (i * N + j) * width + h); },
                        [&](int i, int j, vf v) { y[i][j] = v; });
        const vf bias = c.bias ? load_first(c.bias + n, lanes) : vf{};
        UNROLL for (int i = 0; i < M; ++i) UNROLL for (int j = 0; j < M; ++j) {
            y[i][j] += bias;
            if (c.activation == RELU) y[i][j] = relu<float>(y[i][j]);
        }
        float *first = c.outputs + ((p.image * height + row) * columns + column) * l.out + n;
        const int64_t row_step = columns * l.out;
        if (c.pools) {
            UNROLL for (int i = 0; i < M; i += 2) UNROLL for (int j = 0; j < M; j += 2)
                if (row + i / 2 < height && column + j / 2 < columns)
                    store_first(first + i / 2 * row_step + j / 2 * l.out,
                                larger<float>(larger<float>(y[i][j], y[i][j + 1]),
                                       larger<float>(y[i + 1][j], y[i + 1][j + 1])), lanes);
        } else if (is_inside<M>(row, column, height, columns) && lanes >= VL) {
            if (c.is_streamed) {
                UNROLL for (int i = 0; i < M; ++i) UNROLL for (int j = 0; j < M; ++j)
                    stream(first + i * row_step + j * l.out, y[i][j]);
            } else {
                UNROLL for (int i = 0; i < M; ++i) UNROLL for (int j = 0; j < M; ++j)
                    store(first + i * row_step + j * l.out, y[i][j]);
            }
        } else {
            for (int i = 0; i < smaller(M, height - row); ++i)
                for (int j = 0; j < smaller(M, columns - column); ++j)
                    store_first(first + i * row_step + j * l.out, y[i][j], lanes);
        }
    }
}

// Tiles t0 .. t1 of one panel: products at every point, then the outputs.
template <int M>
void multiply_panel(const Convolution &c, int64_t t0, int64_t t1, int64_t panel, const float *v, float *m) {
    const int64_t width = c.panels.width(panel), m_row = POINTS<M> * width;
    const auto choose = width > VL ? function_for<2> : function_for<1>;
    const int64_t rest = (t1 - t0) % c.k.rows;
    const RowsFunction whole = choose(c.k.rows), last = choose(rest);
    const float *u = c.kernel + c.panels.offset<M>(panel);
    for (int64_t point = 0; point < POINTS<M>; ++point, u += c.l.in * width) {
        const float *a = v + point * c.k.point_step;
        float *to = m + point * width;
        for (int64_t t = t0; t < t1; t += c.k.rows, a += c.k.block_step, to += c.k.rows * m_row)
            (t1 - t < c.k.rows ? last : whole)(a, c.k.vector_step, u, c.l.in, to, m_row);
    }
    for (int64_t t = t0; t < t1; ++t) transform_outputs<M>(c, t, panel, m + (t - t0) * m_row);
    if (c.is_streamed) stream_end();
}

// Tiles t0 .. t1 to V, whose first tile is `origin`.
template <int M>
void transform_tiles(const Convolution &c, int64_t origin, int64_t t0, int64_t t1, float *v) {
    for (int64_t t = t0; t < t1; ++t) {
        const int64_t block = (t - origin) / c.k.rows, row = (t - origin) % c.k.rows;
        transform_images<M>(c.l, c.images, t, v + block * c.k.block_step + row * VL, c.k.point_step,
                            c.k.vector_step);
    }
}

// Each task makes V of its own group.
template <int M> void convolve_privately(Call *call, const Convolution &c) {
    const int64_t group = c.k.blocks * c.k.rows;
    const int64_t v_floats = c.k.blocks * c.k.block_step, m_floats = group * POINTS<M> * NR;
    parallel(call, divide_up(c.l.tiles, group), sizeof(float) * size_t(v_floats + m_floats),
             [&](int64_t task, char *scratch) {
                 float *v = (float *)scratch, *m = v + v_floats;
                 const int64_t t0 = task * group, t1 = smaller(c.l.tiles, t0 + group);
                 transform_tiles<M>(c, t0, t0, t1, v);
                 for (int64_t panel = 0; panel < c.panels.count(); ++panel)
                     multiply_panel<M>(c, t0, t1, panel, v, m);
             });
}

// All tasks make V of a chunk of groups; then each takes a panel of one group, panel by panel, so that
// U streams once.
template <int M> void convolve_together(Call *call, const Convolution &c) {
    float *v = (float *)call->workspace;
    const int64_t group = c.k.blocks * c.k.rows, panels = c.panels.count();
    const int64_t v_floats = c.k.blocks * c.k.block_step, m_floats = group * POINTS<M> * NR;
    const int64_t span = divide_up(VECTORS_PER_TASK, divide_up(c.l.in, VL));
    for (int64_t first = 0; first < c.l.tiles; first += c.k.chunk * group) {
        const int64_t end = smaller(c.l.tiles, first + c.k.chunk * group);
        const int64_t groups = divide_up(end - first, group);
        parallel_spans(call, end - first, span, [&](int64_t t0, int64_t t1) {
            transform_tiles<M>(c, first, first + t0, first + t1, v);
        });
        parallel(call, groups * panels, sizeof(float) * size_t(m_floats),
                 [&](int64_t task, char *scratch) {
                     const int64_t g = task % groups, t0 = first + g * group;
                     multiply_panel<M>(c, t0, smaller(end, t0 + group), task / groups, v + g * v_floats,
                                       (float *)scratch);
                 });
    }
}

template <int M> void convolve(Call *call) {
    const int64_t *ints = call->ints;
    const bool has_bias = ints[10];
    Convolution c;
    c.l = layer_from<M>(ints + 1);
    if (!c.l.tiles) return;
    c.panels = {c.l.in, c.l.out};
    c.k = cut<M>(c.l, c.panels);
    c.images = (const float *)call->buffers[0];
    c.kernel = (const float *)call->buffers[1];
    c.bias = has_bias ? (const float *)call->buffers[2] : nullptr;
    c.outputs = (float *)call->buffers[2 + has_bias];
    c.activation = Activation(ints[11]);
    c.pools = ints[12];
    c.is_streamed = should_stream<M>(c.l, c.panels, c.outputs);
    if (c.k.chunk) convolve_together<M>(call, c);
    else convolve_privately<M>(call, c);
}

template <int M> int64_t workspace(const int64_t *ints) {
    const Layer l = layer_from<M>(ints + 1);
    const Blocking k = cut<M>(l, {l.in, l.out});
    return k.chunk * k.blocks * k.block_step * int64_t(sizeof(float));
}

// ints: M, batch, height, width, in, out_height, out_width, out, top, left, has_bias, activation, pools.
// buffers: images, U, (bias,) outputs.
void run_convolution(Call *call) {
    if (call->ints[0] == 4) convolve<4>(call);
    else convolve<2>(call);
}
int64_t convolution_workspace(const int64_t *ints) {
    return ints[0] == 4 ? workspace<4>(ints) : workspace<2>(ints);
}

}  // namespace

KERNEL_TABLE(winograd, {"winograd_kernel", run_kernel_transform, nullptr},
             {"winograd", run_convolution, convolution_workspace})
