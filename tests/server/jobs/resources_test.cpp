#include "server/jobs/resources.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;

struct FakeSystem {
  FakeSystem() {
    set("proc/meminfo", "MemTotal:  9000 kB\nMemFree:  100 kB\nMemAvailable:  1000 kB\n");
  }
  void set(const std::string& file, const std::string& text) {
    write_file_atomically(folder.path() / file, text);
  }
  std::uint64_t available() const {
    return available_memory({folder.path() / "proc", folder.path() / "cgroup"});
  }
  const TemporaryFolder folder;
};

TEST_CASE("without a cgroup limit the machine's available memory is used", "[server][jobs]") {
  FakeSystem system;
  CHECK(system.available() == 1000 * 1024);
  system.set("proc/self/cgroup", "0::/a\n");
  system.set("cgroup/a/memory.max", "max\n");
  system.set("cgroup/a/memory.current", "5\n");
  CHECK(system.available() == 1000 * 1024);
  CHECK(available_memory() > 0);
}

TEST_CASE("the smallest limit of all version 2 cgroups is used and cached files count as free",
          "[server][jobs]") {
  FakeSystem system;
  system.set("proc/self/cgroup", "0::/a/b\n");
  system.set("cgroup/a/memory.max", "100000\n");
  system.set("cgroup/a/memory.current", "90000\n");
  system.set("cgroup/a/memory.stat", "anon 1\ninactive_file 20000\n");
  system.set("cgroup/a/b/memory.max", "80000\n");
  system.set("cgroup/a/b/memory.current", "10000\n");
  CHECK(system.available() == 30000);
  system.set("cgroup/a/b/memory.current", "90000\n");  // temporarily above the limit
  CHECK(system.available() == 0);
}

TEST_CASE("a version 1 cgroup limit is used", "[server][jobs]") {
  FakeSystem system;
  system.set("proc/self/cgroup", "5:cpu,memory:/x\n4:freezer:/\n");
  system.set("cgroup/memory/x/memory.limit_in_bytes", "5000\n");
  system.set("cgroup/memory/x/memory.usage_in_bytes", "4000\n");
  system.set("cgroup/memory/x/memory.stat", "total_inactive_file 500\n");
  CHECK(system.available() == 1500);
}

TEST_CASE("missing memory information is an error and disk space is known for a missing folder",
          "[server][jobs]") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(available_memory({folder.path(), folder.path()}), IoError);
  CHECK(available_disk(folder.path() / "not" / "yet") > 0);
}

}  // namespace
}  // namespace fovea::tests
