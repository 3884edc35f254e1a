// What Python sees of the engine: thalweg.core._native.
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
            nb::object error = nb::module_::import_("thalweg.core.backends.native.failures")
                                   .attr("StepFailed")(failure.step, failure.message);
            PyErr_SetObject(reinterpret_cast<PyObject *>(Py_TYPE(error.ptr())), error.ptr());
            throw nb::python_error();
        }
    }
    // The arena as a writable memoryview: what an instruction without a kernel reads and writes.
    nb::object memory() const {
        PyObject *view = PyMemoryView_FromMemory(arena_, executor_.arena_bytes(), PyBUF_WRITE);
        if (!view) throw nb::python_error();
        return nb::steal(view);
    }

  private:
    const Executor &executor_;
    Borrowed borrowed_;
    int64_t lent_bytes_ = 0;
    char *arena_;
};

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
             [](Executor &self, std::shared_ptr<Executor> body, std::vector<int32_t> buffers,
                int64_t length, bool is_reversed, std::vector<int64_t> carry_bytes,
                std::vector<int64_t> slice_bytes, std::vector<int64_t> row_bytes, int64_t constants) {
                 auto loop = std::make_shared<Loop>(
                     Loop{std::move(body), length, is_reversed, std::move(carry_bytes),
                          std::move(slice_bytes), std::move(row_bytes), constants});
                 return self.add_loop(std::move(loop), std::move(buffers));
             },
             nb::arg("body"), nb::arg("buffers"), nb::arg("length"), nb::arg("is_reversed"),
             nb::arg("carry_bytes"), nb::arg("slice_bytes"), nb::arg("row_bytes"), nb::arg("constants"))
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
        .def("memory", &Run::memory, nb::keep_alive<0, 1>());
}
