// Plans of several calls, and that running one again allocates nothing.
#include "check.h"
#include "executor.h"

#include <atomic>
#include <new>

namespace {

std::atomic<int> allocations{0};

}  // namespace

// This program's own, also for the engine; --wrap sends it the aligned ones.
void *operator new(size_t bytes) {
    ++allocations;
    if (void *memory = std::malloc(bytes ? bytes : 1)) return memory;
    throw std::bad_alloc();
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }
extern "C" void *__real_aligned_alloc(size_t, size_t);
extern "C" void *__wrap_aligned_alloc(size_t alignment, size_t bytes) {
    ++allocations;
    return __real_aligned_alloc(alignment, bytes);
}

namespace {

bool run_plan(const Executor &plan, void *const *externals) {
    int64_t lent = 0;
    char *arena = lend_arena(plan.arena_bytes(), &lent);
    const Failure failure = plan.run(arena, externals, 0, plan.step_count());
    return_arena(arena, lent);
    return failure.step < 0;
}

// A loop over rows, carry = rows(i) * matrix + carry: the last carry and each row's product.
void test_loop() {
    const int64_t length = 5, n = 3;
    const auto rows = noise(length * n), matrix = noise(n * n), start = noise(n);
    const std::vector<int64_t> gemm{1, 1, n, n, 0, 0, 0, 0, 1, 0};  // with the carry as the bias
    // the body's external arrays: carry, slice, constant; new carry, row of results
    auto body =
        std::make_shared<Executor>(std::vector<Place>{{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}}, 0);
    body->add("gemm", {1, 2, 0, 3}, gemm, {});
    body->add("copy_bytes", {3, 4}, {4 * n}, {});
    body->finish();
    for (bool is_reversed : {false, true}) {
        auto loop = std::make_shared<Loop>();
        loop->whole.body = body;
        loop->length = length;
        loop->blocks = 1;
        loop->is_reversed = is_reversed;
        loop->carries = 1;
        loop->inputs = 3;
        loop->step_bytes = {0, 4 * n, 0, 0, 4 * n};
        loop->block_bytes = {4 * n, 4 * n, 0, 4 * n, 4 * n};
        loop->carry_bytes = {4 * n};
        Executor plan({{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}}, 0);
        plan.add_loop(loop, {0, 1, 2, 3, 4});
        plan.finish();
        std::vector<double> carry = widen(start), all(size_t(length * n));
        for (int64_t step = 0; step < length; ++step) {
            const int64_t i = is_reversed ? length - 1 - step : step;
            for (int64_t j = 0; j < n; ++j)
                for (int64_t k = 0; k < n; ++k)
                    carry[size_t(j)] += double(rows[size_t(i * n + k)]) * matrix[size_t(k * n + j)];
            for (int64_t j = 0; j < n; ++j) all[size_t(i * n + j)] = carry[size_t(j)];
        }
        const Array a = Array::of(start), b = Array::of(rows), c = Array::of(matrix);
        const Array last = Array::empty<float>(n), each = Array::empty<float>(length * n);
        void *const externals[] = {a.data(), b.data(), c.data(), last.data(), each.data()};
        expect(run_plan(plan, externals), "loop", "it failed");
        expect(last.is_fenced() && each.is_fenced(), "loop", "wrote elsewhere");
        const int before = allocations;
        for (int i = 0; i < 5; ++i) run_plan(plan, externals);
        const int more = allocations - before;
        expect(more == 0, "loop", text_of("%d allocations in five more runs", more));
        expect_close("loop, last", last.values<float>(), carry, 1e-6);
        expect_close("loop, each", each.values<float>(), all, 1e-6);
    }
}

// Products that take all threads, with scratch and an arena of megabytes.
void test_steady_state() {
    const int64_t n = 300;
    const auto x = noise(n * n);
    const std::vector<int64_t> gemm{1, n, n, n, 0, 1, 0, 0, 0, 0};
    Executor plan({{0, 0}, {-1, 0}, {1, 0}}, 4 * n * n);
    plan.add("gemm", {0, 0, 1}, gemm, {});
    plan.add("gemm", {1, 0, 2}, gemm, {});
    plan.finish();
    const Array input = Array::of(x), output = Array::empty<float>(n * n);
    void *const externals[] = {input.data(), output.data()};
    for (int threads : {1, 2, 4}) {
        set_thread_count(threads);
        // a thread may miss a run whose tasks the others take, and get its scratch later
        int more = 1;
        for (int i = 0; i < 200 && more; ++i) {
            const int before = allocations;
            for (int k = 0; k < 10; ++k) run_plan(plan, externals);
            more = allocations - before;
        }
        expect(more == 0, "steady state",
               text_of("%d allocations in ten runs on %d threads", more, threads));
        free_arenas();
        const int before = allocations;
        run_plan(plan, externals);
        more = allocations - before;
        expect(more >= 1, "steady state", "a new arena was not counted");
    }
}

}  // namespace

void test_plans() {
    test_loop();
    test_steady_state();
    free_arenas();
}
