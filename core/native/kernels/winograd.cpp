// Convolutions by Winograd's minimal filtering, float32: see winograd.h for the mathematics.
//
// `winograd_kernel` transforms the kernel: U = G g G'. `winograd` transforms tiles of the images,
// V = B' d B, multiplies at each point, and transforms back, y = A' M A. The gradient in the images is a
// convolution too; or `winograd_transposed` takes the steps backwards, V = A dy A', and adds up what each
// tile gives to the images, B M B'. Layouts:
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
    template <class W> int64_t offset(int64_t panel) const { return panel * W::POINTS * in * NR; }
    template <class W> int64_t bytes() const {
        return W::POINTS * in * round_up(out, VL) * int64_t(sizeof(float));
    }
};

// One row of VL columns: `load(tap)` reads the taps, in row-major order.
template <class W, class Load>
INLINE void transform_kernel_row(const Load &load, float *to, int64_t point_step, bool is_streamed) {
    constexpr int N = W::SIDE, R = W::R;
    vf half[R][N];
    UNROLL for (int j = 0; j < R; ++j) {
        vf column[R];
        UNROLL for (int i = 0; i < R; ++i) column[i] = load(i * R + j);
        W::kernel(column, half[j]);
    }
    UNROLL for (int i = 0; i < N; ++i) {
        vf row[R], made[N];
        UNROLL for (int j = 0; j < R; ++j) row[j] = half[j][i];
        W::kernel(row, made);
        if (is_streamed) UNROLL for (int j = 0; j < N; ++j) stream(to + (i * N + j) * point_step, made[j]);
        else UNROLL for (int j = 0; j < N; ++j) store(to + (i * N + j) * point_step, made[j]);
    }
}

// Rows r0 .. r1 of one panel from a kernel (R, R, in, out).
template <class W>
void transform_kernel(const Panels &p, const float *kernel, int64_t panel, int64_t r0, int64_t r1,
                      float *to, bool is_streamed) {
    const int64_t width = p.width(panel), n0 = panel * NR;
    float *first = to + p.offset<W>(panel);
    for (int64_t r = r0; r < r1; ++r)
        for (int64_t j = 0; j < width; j += VL)
            transform_kernel_row<W>(
                [&](int tap) {
                    return load_first(kernel + (tap * p.in + r) * p.out + n0 + j, p.out - n0 - j);
                },
                first + r * width + j, p.in * width, is_streamed);
}

// The same from (R, R, out, in), as gradients in the images need it; `is_turned`: by 180 degrees too.
template <class W>
void transform_transposed_kernel(const Panels &p, const float *kernel, int64_t panel, int64_t r0,
                                 int64_t r1, bool is_turned, float *to, bool is_streamed, float *block) {
    constexpr int TAPS = W::R * W::R;
    const int64_t width = p.width(panel);
    float *first = to + p.offset<W>(panel);
    for (int64_t j = 0; j < width; j += VL)
        for (int64_t r = r0; r < r1; r += VL) {
            const int64_t n = panel * NR + j;
            for (int tap = 0; tap < TAPS; ++tap)
                transpose_block(kernel + (tap * p.out + n) * p.in + r, p.in, smaller(VL, p.out - n),
                                smaller(VL, r1 - r),
                                block + (is_turned ? TAPS - 1 - tap : tap) * VL * VL, VL);
            for (int64_t i = 0; i < smaller(VL, r1 - r); ++i)
                transform_kernel_row<W>([&](int tap) { return load(block + (tap * VL + i) * VL); },
                                        first + (r + i) * width + j, p.in * width, is_streamed);
        }
}

enum Form : int64_t { PLAIN = 0, TURNED = 1, TRANSPOSED = 2 };

// ints: M, R, in, out, form.   buffers: kernel (R, R, in, out), or (R, R, out, in) if turned or
// transposed; U.
template <class W> void transform_whole_kernel(Call *call) {
    const Panels p{call->ints[2], call->ints[3]};
    const Form form = Form(call->ints[4]);
    const float *kernel = (const float *)call->buffers[0];
    float *to = (float *)call->buffers[1];
    const bool is_streamed = p.bytes<W>() > CACHE_BYTES && uintptr_t(to) % VECTOR_BYTES == 0;
    const int64_t spans = divide_up(p.in, ROWS_PER_TASK);
    const size_t scratch_bytes = form == PLAIN ? 0 : W::R * W::R * VL * VL * sizeof(float);
    parallel(call, p.count() * spans, scratch_bytes, [&](int64_t task, char *scratch) {
        const int64_t r0 = task % spans * ROWS_PER_TASK, r1 = smaller(p.in, r0 + ROWS_PER_TASK);
        if (form == PLAIN)
            transform_kernel<W>(p, kernel, task / spans, r0, r1, to, is_streamed);
        else
            transform_transposed_kernel<W>(p, kernel, task / spans, r0, r1, form == TURNED, to,
                                           is_streamed, (float *)scratch);
        if (is_streamed) stream_end();
    });
}

void run_kernel_transform(Call *call) {
    with_filter(call->ints, [&](auto w) { transform_whole_kernel<decltype(w)>(call); });
}

// The products -------------------------------------------------------------------------------------

// Steps written out in the loop: with 16 registers the operands of several would drive out the sums.
constexpr int UNROLLED = REGISTERS >= 32 ? 4 : 1;

// Up to four blocks of tiles read one point's U, one after another, and each asks memory for a quarter of
// the next point's: U comes faster than a core foresees, which otherwise waits a third of the time.
constexpr int64_t SHARED_BLOCKS = 4;  // M of so many is 256 KB, and U is read a quarter as often
constexpr int LINE = 16;              // floats of a cache line
constexpr int NEAR = 16;              // rows of U on their way to the first-level cache

// m[i][j] = sum over l < steps of a[l / VL * a_step + i * VL + l % VL] * b[l][j], i < MR, j < NV * VL.
// `ahead` is a quarter of what is read next.
template <int MR, int NV>
__attribute__((noinline)) void multiply_rows(const float *a, int64_t a_step, const float *b,
                                             int64_t steps, float *m, int64_t m_row,
                                             const float *ahead) {
    constexpr int SHARE = NV * VL * VL / SHARED_BLOCKS;  // while VL steps are done
    vf sum[MR][NV];
    UNROLL for (int i = 0; i < MR; ++i) UNROLL for (int j = 0; j < NV; ++j) sum[i][j] = vf{};
    const auto step = [&](const float *a, const float *b) __attribute__((always_inline)) {
        vf column[NV];
        UNROLL for (int j = 0; j < NV; ++j) column[j] = load(b + j * VL);
        UNROLL for (int j = 0; j < NV * VL; j += LINE)
            __builtin_prefetch(b + NEAR * NV * VL + j, 0, 3);
        UNROLL for (int i = 0; i < MR; ++i) {
            const vf x = splat(a[i * VL]);
            UNROLL for (int j = 0; j < NV; ++j) sum[i][j] += x * column[j];
        }
    };
    for (; steps >= VL; steps -= VL, a += a_step, ahead += SHARE) {
        UNROLL for (int k = 0; k < SHARE; k += LINE) __builtin_prefetch(ahead + k, 0, 2);
        NO_UNROLL for (int l = 0; l < VL; l += UNROLLED, b += UNROLLED * NV * VL)
            UNROLL for (int k = 0; k < UNROLLED; ++k) step(a + l + k, b + k * NV * VL);
    }
    for (int64_t l = 0; l < steps; ++l, b += NV * VL) step(a + l, b);
    UNROLL for (int i = 0; i < MR; ++i)
        UNROLL for (int j = 0; j < NV; ++j) store(m + i * m_row + j * VL, sum[i][j]);
}

typedef void (*RowsFunction)(const float *, int64_t, const float *, int64_t, float *, int64_t,
                             const float *);

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
    int64_t group;   // tiles of a group
    int64_t chunk;   // groups whose V is made, by all threads, before their products; 0: each task makes
                     // the V of its group and goes through all panels
    int64_t vector_step, point_step, block_step;  // of V, in floats
};

constexpr int64_t MIN_WORK = 1 << 20;      // multiplications of a task, about 20 us
constexpr int64_t VECTORS_PER_TASK = 256;  // of images to transform: about 20 us
constexpr int64_t MIN_TASKS = 8;           // keep a few threads evenly busy
constexpr int64_t PRIVATE_V = 264 << 10;   // bytes: V and M of a group share the second-level cache with U
constexpr int64_t SHARED_V = 8 << 20;      // bytes: V of a chunk stays in the last-level cache
constexpr int64_t LARGE_KERNEL = 16 << 20; // bytes: not every group may read all of such a U

template <class W> void cut_block(Blocking &k, const Panels &p, int64_t tiles) {
    k.rows = rows_per_tile(tiles);
    k.vector_step = k.rows * VL;
    // one vector more: not a multiple of the distance at which addresses share a cache set
    k.point_step = divide_up(p.in, VL) * k.vector_step + VL;
    k.block_step = W::POINTS * k.point_step;
}

// Tasks of their own groups need no barrier and find V in their second-level cache. With too few groups
// for that, or a U that would come from memory for each of them, tasks are groups times panels.
template <class W> Blocking cut(const Layer &l, const Panels &p) {
    Blocking k;
    cut_block<W>(k, p, l.tiles);
    k.chunk = 0;
    const int64_t block_bytes = k.block_step * int64_t(sizeof(float));
    const int64_t blocks = greater(1, divide_up(l.tiles, k.rows));
    const int64_t work = l.tiles * W::POINTS * p.in * p.out;
    const int64_t wanted = greater(1, smaller(work / MIN_WORK, MIN_TASKS));
    const auto share = [&](int64_t most) {  // blocks into equal groups of at most so many
        k.blocks = divide_up(blocks, divide_up(blocks, greater(1, most)));
        k.group = k.blocks * k.rows;
    };
    share(smaller(PRIVATE_V / block_bytes, blocks / wanted));
    const int64_t panels = p.count();
    const bool is_large = p.bytes<W>() > LARGE_KERNEL;
    if (panels > 1 && wanted > 1 && (blocks < wanted || is_large)) {
        share(smaller(SHARED_BLOCKS, blocks * panels / (2 * wanted)));
        const int64_t groups = divide_up(blocks, k.blocks);
        k.chunk = greater(1, smaller(groups, SHARED_V / (block_bytes * k.blocks)));
    }
    return k;
}

// Where tiles give to the same pixels, a task takes whole images.
template <class W> Blocking cut_images(const Layer &l, const Panels &p) {
    Blocking k;
    const int64_t tiles = l.tile_rows * l.tile_columns;  // of an image
    const int64_t tile_bytes = W::POINTS * round_up(p.in, VL) * int64_t(sizeof(float));
    const int64_t images = greater(1, smaller(PRIVATE_V / (tiles * tile_bytes), l.batch / MIN_TASKS));
    k.group = images * tiles;
    cut_block<W>(k, p, k.group);
    k.blocks = divide_up(k.group, k.rows);
    k.chunk = 0;
    return k;
}

// Large results go past the caches: so do those that U has driven out when they are read again. Whole
// cache lines only.
template <class W> bool should_stream(const Layer &l, const Panels &p, const float *outputs) {
    constexpr int64_t LARGE = 6 << 20;
    const int64_t bytes = l.batch * l.out_height * l.out_width * l.out * int64_t(sizeof(float));
    return VECTOR_BYTES == 64 && l.out % VL == 0 && uintptr_t(outputs) % 64 == 0 &&
           bytes + p.bytes<W>() > LARGE;
}

// `is_transposed`: `images` are the gradients of the outputs, and `outputs` those of the images.
struct Convolution {
    Layer l;
    Panels panels;
    Blocking k;
    const float *images, *kernel, *bias;
    float *outputs;
    Activation activation;
    bool is_transposed, pools, is_streamed;
};

// One tile and panel from M to the outputs; `pools` takes the largest of each 2 x 2.
template <class W>
INLINE void transform_outputs(const Convolution &c, int64_t tile, int64_t panel, const float *m) {
    constexpr int N = W::SIDE, M = W::M;
    const Layer &l = c.l;
    const Place p = place_of<W>(l, tile);
    const int64_t width = c.panels.width(panel);
    const int64_t shrink = c.pools ? 2 : 1;
    const int64_t height = l.out_height / shrink, row = p.row / shrink;
    const int64_t columns = l.out_width / shrink, column = p.column / shrink;
    for (int64_t h = 0; h < width; h += VL) {
        const int64_t n = panel * NR + h, lanes = l.out - n;
        vf y[M][M];
        both_axes<N, M>([](const vf *from, vf *to) { W::outputs(from, to); },
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

// One tile and panel of the transposed algorithm: what M gives to the images is added to them.
template <class W>
INLINE void add_to_images(const Convolution &c, int64_t tile, int64_t panel, const float *m) {
    constexpr int N = W::SIDE;
    const Layer &l = c.l;
    const Place p = place_of<W>(l, tile);
    const int64_t width = c.panels.width(panel), row = p.row - l.top, column = p.column - l.left;
    const bool is_whole = is_inside<N>(row, column, l.height, l.width);
    const int64_t row_step = l.width * l.in;
    for (int64_t h = 0; h < width; h += VL) {
        const int64_t n = panel * NR + h, lanes = l.in - n;
        float *first = c.outputs + ((p.image * l.height + row) * l.width + column) * l.in + n;
        const auto transform = [&](const auto &add) __attribute__((always_inline)) {
            both_axes<N, N, 2>([](const vf *from, vf *to) { W::images_adjoint(from, to); },
                               [&](int i, int j) { return load(m + (i * N + j) * width + h); }, add);
        };
        if (is_whole && lanes >= VL)
            transform([&](int i, int j, vf v) {
                float *to = first + i * row_step + j * l.in;
                store(to, load(to) + v);
            });
        else
            transform([&](int i, int j, vf v) {
                const bool in_row = column + j >= 0 && column + j < l.width;
                if (!in_row || row + i < 0 || row + i >= l.height) return;
                float *to = first + i * row_step + j * l.in;
                store_first(to, load_first(to, lanes) + v, lanes);
            });
    }
}

// Tiles t0 .. t1 of one panel: products at every point, then the outputs.
template <class W>
void multiply_panel(const Convolution &c, int64_t t0, int64_t t1, int64_t panel, const float *v, float *m) {
    const int64_t width = c.panels.width(panel), m_row = W::POINTS * width;
    const auto choose = width > VL ? function_for<2> : function_for<1>;
    const int64_t rest = (t1 - t0) % c.k.rows;
    const RowsFunction whole = choose(c.k.rows), last = choose(rest);
    const float *u = c.kernel + c.panels.offset<W>(panel);
    const int64_t u_size = c.panels.in * width;
    for (int64_t point = 0; point < W::POINTS; ++point, u += u_size) {
        const float *a = v + point * c.k.point_step;
        const float *ahead = u + u_size;
        float *to = m + point * width;
        for (int64_t t = t0; t < t1; t += c.k.rows, a += c.k.block_step, to += c.k.rows * m_row) {
            (t1 - t < c.k.rows ? last : whole)(a, c.k.vector_step, u, c.panels.in, to, m_row, ahead);
            ahead += u_size / SHARED_BLOCKS;
        }
    }
    for (int64_t t = t0; t < t1; ++t) {
        if (c.is_transposed) add_to_images<W>(c, t, panel, m + (t - t0) * m_row);
        else transform_outputs<W>(c, t, panel, m + (t - t0) * m_row);
    }
    if (c.is_streamed) stream_end();
}

// Tiles t0 .. t1 to V, whose first tile is `origin`.
template <class W>
void transform_tiles(const Convolution &c, int64_t origin, int64_t t0, int64_t t1, float *v) {
    for (int64_t t = t0; t < t1; ++t) {
        const int64_t block = (t - origin) / c.k.rows, row = (t - origin) % c.k.rows;
        float *to = v + block * c.k.block_step + row * VL;
        if (c.is_transposed)
            transform_gradients<W>(c.l, c.images, t, c.k.point_step,
                                   [&](int64_t n) { return to + n / VL * c.k.vector_step; });
        else
            transform_images<W>(c.l, c.images, t, to, c.k.point_step, c.k.vector_step);
    }
}

// The images that tiles t0 .. t1 cover, whole.
template <class W> void clear_images(const Convolution &c, int64_t t0, int64_t t1) {
    const int64_t tiles = c.l.tile_rows * c.l.tile_columns, floats = c.l.height * c.l.width * c.l.in;
    const int64_t end = t1 / tiles * floats;
    for (int64_t i = t0 / tiles * floats; i < end; i += VL) store_first(c.outputs + i, vf{}, end - i);
}

// Each task makes V of its own group.
template <class W> void convolve_privately(Call *call, const Convolution &c) {
    const int64_t group = c.k.group;
    const int64_t v_floats = c.k.blocks * c.k.block_step, m_floats = group * W::POINTS * NR;
    parallel(call, divide_up(c.l.tiles, group), sizeof(float) * size_t(v_floats + m_floats),
             [&](int64_t task, char *scratch) {
                 float *v = (float *)scratch, *m = v + v_floats;
                 const int64_t t0 = task * group, t1 = smaller(c.l.tiles, t0 + group);
                 if (c.is_transposed) clear_images<W>(c, t0, t1);
                 transform_tiles<W>(c, t0, t0, t1, v);
                 for (int64_t panel = 0; panel < c.panels.count(); ++panel)
                     multiply_panel<W>(c, t0, t1, panel, v, m);
             });
}

// All tasks make V of a chunk of groups; then each takes a panel of one group, panel by panel, so that
// U streams once.
template <class W> void convolve_together(Call *call, const Convolution &c) {
    float *v = (float *)call->workspace;
    const int64_t group = c.k.group, panels = c.panels.count();
    const int64_t v_floats = c.k.blocks * c.k.block_step, m_floats = group * W::POINTS * NR;
    const int64_t span = divide_up(VECTORS_PER_TASK, divide_up(c.l.in, VL));
    for (int64_t first = 0; first < c.l.tiles; first += c.k.chunk * group) {
        const int64_t end = smaller(c.l.tiles, first + c.k.chunk * group);
        const int64_t groups = divide_up(end - first, group);
        parallel_spans(call, end - first, span, [&](int64_t t0, int64_t t1) {
            transform_tiles<W>(c, first, first + t0, first + t1, v);
        });
        parallel(call, groups * panels, sizeof(float) * size_t(m_floats),
                 [&](int64_t task, char *scratch) {
                     const int64_t g = task % groups, t0 = first + g * group;
                     multiply_panel<W>(c, t0, smaller(end, t0 + group), task / groups, v + g * v_floats,
                                       (float *)scratch);
                 });
    }
}

template <class W> void convolve(Call *call) {
    const int64_t *ints = call->ints;
    const bool has_bias = ints[11];
    Convolution c{};
    c.l = layer_from<W>(ints + 2);
    if (!c.l.tiles) return;
    c.panels = {c.l.in, c.l.out};
    c.k = cut<W>(c.l, c.panels);
    c.images = (const float *)call->buffers[0];
    c.kernel = (const float *)call->buffers[1];
    c.bias = has_bias ? (const float *)call->buffers[2] : nullptr;
    c.outputs = (float *)call->buffers[2 + has_bias];
    c.activation = Activation(ints[12]);
    c.pools = ints[13];
    c.is_streamed = should_stream<W>(c.l, c.panels, c.outputs);
    if (c.k.chunk) convolve_together<W>(call, c);
    else convolve_privately<W>(call, c);
}

template <class W> int64_t workspace(const int64_t *ints) {
    const Layer l = layer_from<W>(ints + 2);
    const Blocking k = cut<W>(l, {l.in, l.out});
    return k.chunk * k.blocks * k.block_step * int64_t(sizeof(float));
}

// ints: M, R, batch, height, width, in, out_height, out_width, out, top, left, has_bias, activation, pools.
// buffers: images, U, (bias,) outputs.
void run_convolution(Call *call) {
    with_filter(call->ints, [&](auto w) { convolve<decltype(w)>(call); });
}
int64_t convolution_workspace(const int64_t *ints) {
    return with_filter(ints, [&](auto w) { return workspace<decltype(w)>(ints); });
}

template <class W> void convolve_transposed(Call *call) {
    Convolution c{};
    c.l = layer_from<W>(call->ints + 2);
    if (!c.l.tiles) return;
    c.is_transposed = true;
    c.panels = {c.l.out, c.l.in};
    c.k = cut_images<W>(c.l, c.panels);
    c.images = (const float *)call->buffers[0];
    c.kernel = (const float *)call->buffers[1];
    c.outputs = (float *)call->buffers[2];
    convolve_privately<W>(call, c);
}

// ints: M, R, batch, height, width, in, out_height, out_width, out, top, left.
// buffers: gradients of the outputs, transposed U, gradients of the images.
void run_transposed(Call *call) {
    with_filter(call->ints, [&](auto w) { convolve_transposed<decltype(w)>(call); });
}

}  // namespace

KERNEL_TABLE(winograd, {"winograd_kernel", run_kernel_transform, nullptr},
             {"winograd", run_convolution, convolution_workspace},
             {"winograd_transposed", run_transposed, nullptr})
