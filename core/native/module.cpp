// What Python sees of the engine: thalweg.core._native.
#include <chrono>

#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "dispatch.h"
#include "elementwise_ops.h"
#include "executor.h"
#include "pool.h"

namespace nb = nanobind;

namespace {

// The addresses of arrays that a run reads and writes, held while it lasts.
class Borrowed {
  public:
    explicit Borrowed(nb::handle arrays) {
        const size_t count = nb::len(arrays);
        views_.reserve(count);
        addresses_.reserve(count);
        for (nb::handle array : arrays) {
            Py_buffer view;
            if (PyObject_GetBuffer(array.ptr(), &view, PyBUF_ANY_CONTIGUOUS) != 0) {
                release();
                throw nb::python_error();
            }
            views_.push_back(view);
            addresses_.push_back(view.buf);
        }
    }
    ~Borrowed() { release(); }
    Borrowed(const Borrowed &) = delete;
    void *const *addresses() const { return addresses_.data(); }

  private:
    void release() {
        for (Py_buffer &view : views_) PyBuffer_Release(&view);
        views_.clear();
    }
    std::vector<Py_buffer> views_;
    std::vector<void *> addresses_;
};

// One run of an executor: its arena and its external arrays.
class Run {
  public:
    Run(const Executor &executor, nb::handle externals)
        : executor_(executor), borrowed_(externals),
          arena_(lend_arena(executor.arena_bytes(), &lent_bytes_)) {}
    ~Run() { return_arena(arena_, lent_bytes_); }
    Run(const Run &) = delete;

    void steps(int first, int last) const {
        Failure failure{-1, nullptr};
        {
            nb::gil_scoped_release no_gil;
            failure = executor_.run(arena_, borrowed_.addresses(), first, last);
        }
        if (failure.step >= 0) {
            nb::object error = failed(failure);
            PyErr_SetObject(reinterpret_cast<PyObject *>(Py_TYPE(error.ptr())), error.ptr());
            throw nb::python_error();
        }
    }
    // All steps, `count` times over or as often as `budget_s` seconds allow, but once at least. From
    // one time to the next an array's address grows by its stride. Of a triple (read, written,
    // spare), what was written is read the next time, and the spare is written: variables that are
    // not written in place. Returns how often all went well, and what went wrong then, or None.
    std::tuple<int64_t, nb::object> repeat(const std::vector<int64_t> &strides,
                                           const std::vector<std::tuple<int, int, int>> &turns,
                                           int64_t count, double budget_s) const {
        char *const *given = reinterpret_cast<char *const *>(borrowed_.addresses());
        std::vector<void *> addresses(strides.size());
        const auto start = std::chrono::steady_clock::now();
        const std::chrono::duration<double> budget(budget_s);
        Failure failure{-1, nullptr};
        int64_t done = 0;
        {
            nb::gil_scoped_release no_gil;
            while (done < count) {
                for (size_t k = 0; k < strides.size(); ++k) addresses[k] = given[k] + done * strides[k];
                for (const auto &[read, written, spare] : turns) {
                    char *const places[] = {given[written], given[spare]};
                    if (done > 0) addresses[size_t(read)] = places[(done - 1) % 2];
                    addresses[size_t(written)] = places[done % 2];
                }
                failure = executor_.run(arena_, addresses.data(), 0, executor_.step_count());
                if (failure.step >= 0) break;
                ++done;
                if (std::chrono::steady_clock::now() - start >= budget) break;
            }
        }
        if (failure.step < 0) return {done, nb::none()};
        return {done, failed(failure)};
    }
    // The arena as a writable memoryview: what an instruction without a kernel reads and writes.
    nb::object memory() const {
        PyObject *view = PyMemoryView_FromMemory(arena_, executor_.arena_bytes(), PyBUF_WRITE);
        if (!view) throw nb::python_error();
        return nb::steal(view);
    }

  private:
    nb::object failed(const Failure &failure) const {
        return nb::module_::import_("thalweg.core.backends.native.failures")
            .attr("StepFailed")(failure.step, failure.message);
    }

    const Executor &executor_;
    Borrowed borrowed_;
    int64_t lent_bytes_ = 0;
    char *arena_;
};

// (prelude or None, body, bytes that the prelude makes)
using LoopProgram = std::tuple<std::shared_ptr<Executor>, std::shared_ptr<Executor>, int64_t>;

Loop::Program loop_program(const LoopProgram &given) {
    return {std::get<0>(given), std::get<1>(given), std::get<2>(given)};
}

}  // namespace

NB_MODULE(_native, m) {
    nb::set_leak_warnings(false);  // plans live as long as the graphs that keep them, often to the end
    m.def("isa", &isa_name);
    m.def("usable_isas", &usable_isa_names);
    m.def("kernel_names", &kernel_names);
    m.def("elementwise_ops", [] {
#define NAME(name) #name,
        return std::vector<std::string>{ELEMENTWISE_OPS(NAME)};
#undef NAME
    });
    m.def("has_elementwise", &has_elementwise, nb::arg("op"), nb::arg("type"));
    m.def("panel_columns", &panel_columns);
    m.def("thread_count", &thread_count);
    m.def("set_thread_count", &set_thread_count, nb::arg("n"));
    m.def("poison_arenas", &poison_arenas, nb::arg("on"));
    m.def("free_arenas", &free_arenas);

    nb::class_<Executor>(m, "Executor")
        .def("__init__",
             [](Executor *self, const std::vector<std::tuple<int64_t, int64_t>> &places,
                int64_t arena_bytes) {
                 std::vector<Place> list;
                 for (const auto &[external, offset] : places) list.push_back({external, offset});
                 new (self) Executor(std::move(list), arena_bytes);
             },
             nb::arg("places"), nb::arg("arena_bytes"))
        .def("add", &Executor::add, nb::arg("kernel"), nb::arg("buffers"), nb::arg("ints"),
             nb::arg("reals"))
        .def("add_loop",
             [](Executor &self, std::vector<int32_t> buffers, const std::vector<LoopProgram> &programs,
                std::tuple<int64_t, int64_t, bool> run, std::tuple<int64_t, int64_t> counts,
                std::vector<int64_t> step_bytes, std::vector<int64_t> block_bytes,
                std::vector<int64_t> carry_bytes) {
                 const auto [length, blocks, is_reversed] = run;
                 const auto [carries, inputs] = counts;
                 auto loop = std::make_shared<Loop>();
                 loop->whole = loop_program(programs.at(0));
                 if (programs.size() > 1) loop->last = loop_program(programs[1]);
                 loop->length = length, loop->blocks = blocks, loop->is_reversed = is_reversed;
                 loop->carries = carries, loop->inputs = inputs;
                 loop->step_bytes = std::move(step_bytes), loop->block_bytes = std::move(block_bytes);
                 loop->carry_bytes = std::move(carry_bytes);
                 return self.add_loop(std::move(loop), std::move(buffers));
             },
             nb::arg("buffers"), nb::arg("programs"), nb::arg("run"), nb::arg("counts"),
             nb::arg("step_bytes"), nb::arg("block_bytes"), nb::arg("carry_bytes"))
        .def("finish", &Executor::finish)
        .def_prop_ro("arena_bytes", &Executor::arena_bytes)
        .def_prop_ro("step_count", &Executor::step_count)
        .def("run",
             [](const Executor &self, nb::handle externals) {
                 Run(self, externals).steps(0, self.step_count());
             },
             nb::arg("externals"))
        .def("begin",
             [](const Executor &self, nb::handle externals) { return new Run(self, externals); },
             nb::arg("externals"), nb::rv_policy::take_ownership, nb::keep_alive<0, 1>());

    nb::class_<Run>(m, "Run")
        .def("steps", &Run::steps, nb::arg("first"), nb::arg("last"))
        .def("repeat", &Run::repeat, nb::arg("strides"), nb::arg("turns"), nb::arg("count"),
             nb::arg("budget_s"))
        .def("memory", &Run::memory, nb::keep_alive<0, 1>());
}
