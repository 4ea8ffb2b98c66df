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

TEST_CASE("without a cgroup limit the machine's available memory counts") {
  FakeSystem system;
  CHECK(system.available() == 1000 * 1024);
  system.set("proc/self/cgroup", "0::/a\n");
  system.set("cgroup/a/memory.max", "max\n");
  system.set("cgroup/a/memory.current", "5\n");
  CHECK(system.available() == 1000 * 1024);
  CHECK(available_memory() > 0);
}

TEST_CASE("the tightest cgroup of version 2 counts, without files that can be dropped") {
  FakeSystem system;
  system.set("proc/self/cgroup", "0::/a/b\n");
  system.set("cgroup/a/memory.max", "100000\n");
  system.set("cgroup/a/memory.current", "90000\n");
  system.set("cgroup/a/memory.stat", "anon 1\ninactive_file 20000\n");
  system.set("cgroup/a/b/memory.max", "80000\n");
  system.set("cgroup/a/b/memory.current", "10000\n");
  CHECK(system.available() == 30000);
  system.set("cgroup/a/b/memory.current", "90000\n");  // over the limit just now
  CHECK(system.available() == 0);
}

TEST_CASE("a cgroup of version 1 counts") {
  FakeSystem system;
  system.set("proc/self/cgroup", "5:cpu,memory:/x\n4:freezer:/\n");
  system.set("cgroup/memory/x/memory.limit_in_bytes", "5000\n");
  system.set("cgroup/memory/x/memory.usage_in_bytes", "4000\n");
  system.set("cgroup/memory/x/memory.stat", "total_inactive_file 500\n");
  CHECK(system.available() == 1500);
}

TEST_CASE("a machine that tells nothing is an error, and a folder to come has a disk") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(available_memory({folder.path(), folder.path()}), IoError);
  CHECK(available_disk(folder.path() / "not" / "yet") > 0);
}

}  // namespace
}  // namespace fovea::tests
