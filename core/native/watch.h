// Whether a run goes on: it is asked between steps, so that Ctrl-C ends a long one.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>

// The watch over one run. The thread that runs it asks from time to time; threads that take part in
// it only see the answer.
class Watch {
  public:
    // `asks` says whether to stop; null: never. It is called about every 50 ms, by this thread.
    explicit Watch(bool (*asks)());
    bool is_over();                    // asks, if it is time; cheap
    bool was_stopped() const { return is_over_.load(std::memory_order_relaxed); }
    void close() { asks_ = nullptr; }  // nothing stops the run from here on

    static Watch *current();  // what this thread works for; null: nobody watches

    // Makes a watch the current one.
    class Use {
      public:
        explicit Use(Watch *watch);
        ~Use();
        Use(const Use &) = delete;

      private:
        Watch *before_;
    };

  private:
    bool (*asks_)();
    const void *thread_;
    uint64_t seen_;  // the tick of the last look at the clock
    std::chrono::steady_clock::time_point asked_;
    std::atomic<bool> is_over_{false};
};
