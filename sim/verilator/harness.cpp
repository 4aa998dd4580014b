// Drives one verilated design over a pipe: see PROTOCOL.md for the bytes and ../README.md for cycles, stalls and resets.
// The design's ports come from the generated design.h; everything else is the same for all designs.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "Vdut.h"
#include "verilated.h"
#if QCC_TRACE
#include "verilated_vcd_c.h"
#endif

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "beats are copied as little-endian words");

namespace {

constexpr uint64_t kResetCycles = 4;

// ---- data wires of any width -------------------------------------------------------------------------------------------------

template <class T>
inline void put(T& wire, const uint8_t* bytes, size_t count) {
  T value = 0;
  std::memcpy(&value, bytes, count);
  wire = value;
}
template <size_t N>
inline void put(VlWide<N>& wire, const uint8_t* bytes, size_t count) {
  wire.m_storage[N - 1] = 0;
  std::memcpy(wire.m_storage, bytes, count);
}
template <class T>
inline const uint8_t* bytesOf(const T& wire) {
  return reinterpret_cast<const uint8_t*>(&wire);
}
template <size_t N>
inline const uint8_t* bytesOf(const VlWide<N>& wire) {
  return reinterpret_cast<const uint8_t*>(wire.m_storage);
}

// ---- growing byte buffers ----------------------------------------------------------------------------------------------------

struct Bytes {
  std::vector<uint8_t> data;
  void raw(const void* from, size_t count) {
    const size_t at = data.size();
    data.resize(at + count);
    if (count != 0) std::memcpy(data.data() + at, from, count);
  }
  void u32(uint32_t value) { raw(&value, 4); }
  void f64(double value) { raw(&value, 8); }
  // every section starts at a multiple of 8 bytes, so that the other side can lay typed arrays over it
  void align() { data.resize((data.size() + 7) & ~size_t{7}); }
  void block(const std::vector<double>& stamps) { f64(double(stamps.size())), raw(stamps.data(), stamps.size() * 8); }
  void block(const Bytes& inner) { f64(double(inner.data.size())), raw(inner.data.data(), inner.data.size()), align(); }
};

// ---- stalls: the generator of sim/stalls.ts ----------------------------------------------------------------------------------

class Stalls {
  uint32_t m_state = 0;
  uint32_t m_rate = 0;
  uint32_t next() {
    m_state ^= m_state << 13;
    m_state ^= m_state >> 17;
    m_state ^= m_state << 5;
    return m_state;
  }

 public:
  void start(uint32_t seed, uint32_t endpoint) {
    m_state = seed * 2654435761u + (endpoint + 1) * 2246822519u;
    if (m_state == 0) m_state = 0x9e3779b9u;
    for (int i = 0; i < 8; i++) next();
    m_rate = 1 + ((next() >> 16) % 6);
  }
  bool draw() { return ((next() >> 16) & 7) < m_rate; }
};

// ---- the design's ends -------------------------------------------------------------------------------------------------------

struct Source {
  const uint8_t* data = nullptr;
  uint64_t at = 0;
  uint64_t total = 0;
  uint32_t inFrame = 0;
  bool offering = false;
  Stalls stalls;
  std::vector<double> stamps;
};

struct Sink {
  uint64_t at = 0;
  uint64_t total = 0;
  uint32_t inFrame = 0;
  bool ready = false;
  bool held = false;  // offered in the cycle before and not taken
  std::vector<uint8_t> heldData;
  Stalls stalls;
  std::vector<double> stamps;
  Bytes data;
};

struct Request {
  uint32_t frames;
  uint32_t flags;
  uint32_t seed;
  uint32_t resume;
  double resetAt;
  double idleLimit;
  uint32_t pathBytes;
  uint32_t reserved;
};
static_assert(sizeof(Request) == 40, "as PROTOCOL.md has it");

enum Flag : uint32_t { kStalls = 1, kReset = 2, kLog = 4, kTrace = 8 };
enum Status : uint32_t { kDone = 0, kIdle = 1 };

// A fault that no run may show: the design breaks the channel contract at one of its ends.
struct Fault {
  uint32_t kind = 0;  // 1 TLAST, 2 padding bits of TDATA, 3 valid fell or data changed before the transfer
  uint32_t endpoint = 0;
  double cycle = 0;
};

#include "design.h"

void readAll(void* to, size_t count) {
  uint8_t* at = static_cast<uint8_t*>(to);
  while (count > 0) {
    const ssize_t got = ::read(0, at, count);
    if (got <= 0) std::exit(got == 0 ? 0 : 3);  // end of input: the other side is done with us
    at += got;
    count -= size_t(got);
  }
}

void writeAll(int file, const void* from, size_t count) {
  const uint8_t* at = static_cast<const uint8_t*>(from);
  while (count > 0) {
    const ssize_t put = ::write(file, at, count);
    if (put <= 0) std::exit(3);
    at += put;
    count -= size_t(put);
  }
}

struct Run {
  const Request& request;
  VerilatedContext context;
  std::unique_ptr<Vdut> dut;
  Source sources[QCC_INPUTS];
  Sink sinks[QCC_OUTPUTS];
  Fault fault;
  double cycle = 0;
  double aborted[QCC_OUTPUTS] = {};
#if QCC_MONITOR_CHANNELS
  std::vector<double> logStamps[QCC_MONITOR_CHANNELS];
  Bytes logData[QCC_MONITOR_CHANNELS];
  uint8_t logState[QCC_MONITOR_CHANNELS] = {};
#endif

  explicit Run(const Request& r) : request(r) {
    // Registers without a reset start at random values, so that a design that relies on a power-up state fails.
    context.randReset(2);
    context.randSeed(20240607);
#if QCC_TRACE
    context.traceEverOn(true);
#endif
    dut = std::make_unique<Vdut>(&context, "top");
  }

  void complain(uint32_t kind, uint32_t endpoint) {
    if (fault.kind == 0) fault = Fault{kind, endpoint, cycle};
  }

  // Drives input I for this cycle.
  template <int I>
  void drive(bool stalled, bool inReset) {
    Source& source = sources[I];
    if (inReset) {
      source.offering = false;
    } else if (!source.offering && source.at < source.total && !stalled) {
      source.offering = true;
      put(In<I>::data(*dut), source.data + source.at * In<I>::kBytes, In<I>::kBytes);
      In<I>::last(*dut, source.inFrame + 1 == In<I>::kBeats);
    }
    In<I>::valid(*dut, source.offering);
  }

  template <int I>
  bool take() {
    Source& source = sources[I];
    if (!source.offering || !In<I>::ready(*dut)) return false;
    source.stamps.push_back(cycle);
    source.at++;
    source.inFrame = source.inFrame + 1 == In<I>::kBeats ? 0 : source.inFrame + 1;
    source.offering = false;
    return true;
  }

  template <int O>
  bool give() {
    Sink& sink = sinks[O];
    const uint8_t* bytes = bytesOf(Out<O>::data(*dut));
    const bool valid = Out<O>::valid(*dut);
    if (sink.held && (!valid || std::memcmp(bytes, sink.heldData.data(), Out<O>::kBytes) != 0)) complain(3, QCC_INPUTS + O);
    sink.held = valid && !sink.ready;
    if (sink.held) sink.heldData.assign(bytes, bytes + Out<O>::kBytes);
    if (!valid || !sink.ready) return false;
    sink.data.raw(bytes, Out<O>::kBytes);
    if (Out<O>::kAxis) {
      if (Out<O>::last(*dut) != (sink.inFrame + 1 == Out<O>::kBeats)) complain(1, QCC_INPUTS + O);
      if (Out<O>::kWidth % 8 != 0 && (bytes[Out<O>::kBytes - 1] >> (Out<O>::kWidth % 8)) != 0) complain(2, QCC_INPUTS + O);
    }
    sink.stamps.push_back(cycle);
    sink.at++;
    sink.inFrame = sink.inFrame + 1 == Out<O>::kBeats ? 0 : sink.inFrame + 1;
    return true;
  }

  // Applies f.template operator()<0>(), <1>(), ... : the ends are known at compile time, so nothing is looked up per cycle.
  template <int N, class F, int I = 0>
  static void each(F&& f) {
    if constexpr (I < N) {
      f(std::integral_constant<int, I>{});
      each<N, F, I + 1>(std::forward<F>(f));
    }
  }

#if QCC_MONITOR_CHANNELS
  template <class T>
  static bool bit(const T& wires, int index) {
    return (bytesOf(wires)[index >> 3] >> (index & 7)) & 1;
  }
  void log(bool inReset) {
    for (int c = 0; c < QCC_MONITOR_CHANNELS; c++) {
      const bool valid = bit(dut->mon_valid, c), ready = bit(dut->mon_ready, c);
      const uint8_t* bytes = bytesOf(dut->mon_data) + kMonitorOffset[c];
      if (!inReset && valid && ready) {
        logStamps[c].push_back(cycle);
        logData[c].raw(bytes, kMonitorBytes[c]);
      }
      logState[c] = uint8_t(valid | (ready << 1));
    }
  }
#endif

  Status go(const std::string& tracePath) {
    const bool stalling = (request.flags & kStalls) != 0;
    const bool resets = (request.flags & kReset) != 0;
#if QCC_MONITOR_CHANNELS
    const bool logging = (request.flags & kLog) != 0;
#endif
#if QCC_TRACE
    VerilatedVcdC vcd;
    const bool tracing = (request.flags & kTrace) != 0;
    if (tracing) {
      dut->trace(&vcd, 99);
      vcd.open(tracePath.c_str());
    }
    uint64_t time = 0;
#define QCC_DUMP() \
  if (tracing) vcd.dump(time)
#else
    (void)tracePath;
#define QCC_DUMP()
#endif
    for (uint32_t e = 0; e < QCC_INPUTS; e++) sources[e].stalls.start(request.seed, e);
    for (uint32_t e = 0; e < QCC_OUTPUTS; e++) sinks[e].stalls.start(request.seed, QCC_INPUTS + e);
    each<QCC_INPUTS>([&](auto i) {
      sources[i()].total = uint64_t(request.frames) * In<i()>::kBeats;
      put(In<i()>::data(*dut), sources[i()].data, 0);
      In<i()>::valid(*dut, false);
      In<i()>::last(*dut, false);
    });
    each<QCC_OUTPUTS>([&](auto o) {
      sinks[o()].total = uint64_t(request.frames) * Out<o()>::kBeats;
      Out<o()>::ready(*dut, false);
    });
    dut->aresetn = 0;
    for (int edge = 0; edge < 2; edge++) {
      dut->aclk = 0;
      dut->eval();
      dut->aclk = 1;
      dut->eval();
    }

    Status status = kDone;
    double idle = 0;
    bool complete = false;
    while (!complete) {
      const bool inReset = resets && cycle >= request.resetAt && cycle < request.resetAt + double(kResetCycles);
      if (inReset && cycle == request.resetAt) {
        each<QCC_INPUTS>([&](auto i) {
          sources[i()].at = uint64_t(request.resume) * In<i()>::kBeats;
          sources[i()].inFrame = 0;
        });
        each<QCC_OUTPUTS>([&](auto o) {
          Sink& sink = sinks[o()];
          aborted[o()] = double(sink.at);
          sink.at = 0;
          sink.inFrame = 0;
          sink.total = uint64_t(request.frames - request.resume) * Out<o()>::kBeats;
          sink.held = false;
          sink.data.data.clear();
        });
      }
      if (!inReset && !(resets && cycle < request.resetAt)) {
        // nothing is left to feed after a reset: the run ends with the reset
        bool nothing = true;
        each<QCC_OUTPUTS>([&](auto o) { nothing &= sinks[o()].at >= sinks[o()].total; });
        if (nothing) break;
      }
      dut->aclk = 0;
      dut->aresetn = !inReset;
      each<QCC_INPUTS>([&](auto i) { drive<i()>(stalling && sources[i()].stalls.draw(), inReset); });
      each<QCC_OUTPUTS>([&](auto o) {
        sinks[o()].ready = !(stalling && sinks[o()].stalls.draw()) && !inReset;
        Out<o()>::ready(*dut, sinks[o()].ready);
      });
      dut->eval();
      QCC_DUMP();
#if QCC_MONITOR_CHANNELS
      if (logging) log(inReset);
#endif
      // a reset takes place even if every frame has left before it
      const bool awaitsReset = resets && cycle < request.resetAt;
      bool moved = inReset;
      if (!inReset) {
        bool left = true;
        each<QCC_INPUTS>([&](auto i) { moved |= take<i()>(); });
        each<QCC_OUTPUTS>([&](auto o) {
          moved |= give<o()>();
          left &= sinks[o()].at >= sinks[o()].total;
        });
        complete = left && !awaitsReset;
        moved |= left;
      }
      dut->aclk = 1;
      dut->eval();
      cycle += 1;
#if QCC_TRACE
      time += 5;
      QCC_DUMP();
      time += 5;
#endif
      idle = moved ? 0 : idle + 1;
      if (idle >= request.idleLimit) {
        status = kIdle;
        break;
      }
    }
#if QCC_TRACE
    if (tracing) vcd.close();
#endif
    dut->final();
    return status;
  }

  Bytes answer(Status status) {
    Bytes out;
    out.u32(status);
    out.u32(fault.kind);
    out.u32(fault.endpoint);
    out.u32(0);
    out.f64(fault.cycle);
    out.f64(cycle);
    each<QCC_INPUTS>([&](auto i) {
      // what the end shows in the last cycle: bit 0 valid, bit 1 ready
      out.f64(sources[i()].offering | (In<i()>::ready(*dut) << 1));
      out.block(sources[i()].stamps);
    });
    each<QCC_OUTPUTS>([&](auto o) {
      out.f64(Out<o()>::valid(*dut) | (sinks[o()].ready << 1));
      out.f64(aborted[o()]);
      out.block(sinks[o()].stamps);
      out.block(sinks[o()].data);
    });
#if QCC_MONITOR_CHANNELS
    for (int c = 0; c < QCC_MONITOR_CHANNELS; c++) {
      out.f64(logState[c]);
      out.block(logStamps[c]);
      out.block(logData[c]);
    }
#endif
    return out;
  }
};

}  // namespace

int main() {
  // What the model itself prints must not get between the answers.
  const int pipe = ::dup(1);
  ::dup2(2, 1);
  for (;;) {
    Request request;
    readAll(&request, sizeof request);
    std::string path(request.pathBytes, '\0');
    readAll(path.data(), path.size());
    std::vector<std::vector<uint8_t>> data(QCC_INPUTS);
    auto run = std::make_unique<Run>(request);
    Run::each<QCC_INPUTS>([&](auto i) {
      data[i()].resize(size_t(request.frames) * In<i()>::kBeats * In<i()>::kBytes + 8);
      readAll(data[i()].data(), data[i()].size() - 8);
      run->sources[i()].data = data[i()].data();
    });
    const Status status = run->go(path);
    const Bytes answer = run->answer(status);
    const double size = double(answer.data.size());
    writeAll(pipe, &size, 8);
    writeAll(pipe, answer.data.data(), answer.data.size());
  }
}
