#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the name of the library
class App;
class Option;
}  // namespace CLI

// The command line, on CLI11. Only options.cpp includes it: its header takes 4 s to compile.
namespace fovea::tools {

// Wrong usage that only the verb can detect: printed with a hint to --help, exit status 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Thrown by an action to end the program with this exit status.
struct ExitStatus {
  int code;
};

// One option, flag or positional argument. A handle: copies refer to the same option.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option& required();
  // Both ends included.
  Option& range(int low, int high);
  Option& range(std::int64_t low, std::int64_t high);
  Option& range(double low, double high);
  Option& one_of(const std::vector<std::string>& values);
  Option& existing_file();
  Option& existing_directory();
  Option& separator(char c);                         // between the values of a list
  Option& environment(const std::string& variable);  // read when the option is not given
  Option& group(const std::string& heading);         // of the help
  Option& needs(const Option& other);
  // In the help: "--threads N=2".
  Option& value_name(const std::string& name);
  Option& show_default();
  Option& show_default(const std::string& text);

  bool given() const;
  std::string name() const;
  // As text: the value that was given on the command line or in the environment, else the default.
  std::string value() const;

 private:
  CLI::Option* option_;
};

// A verb such as `fovea train`, or a verb of a verb. A handle, valid while its CommandLine exists.
class Verb {
 public:
  explicit Verb(CLI::App* app) : app_(app) {}

  Verb verb(const std::string& name, const std::string& help);
  // `names` is "--long,-s", or a name without dashes for a positional argument. T is a string, an
  // integer, a floating-point number, bool, a path or a list of strings. `value` must outlive the
  // command line.
  template <class T>
  Option option(const std::string& names, T& value, const std::string& help);
  Option flag(const std::string& names, bool& value, const std::string& help);
  // Calls `function` with the value.
  Option value(const std::string& names, const std::function<void(const std::string&)>& function,
               const std::string& help);
  // For an option that may be repeated: calls `function` with each value, in order.
  Option each_value(const std::string& names, std::function<void(const std::string&)> function,
                    const std::string& help);

  void action(std::function<void()> function);
  void hide();        // from the list of verbs
  void needs_verb();  // a verb of this verb must be given
  std::vector<Option> options() const;
  std::string program() const;  // the name of the program, as it was called

 private:
  CLI::App* app_;
};

// The whole program: parses, runs the action of the verb and returns the exit status: 0, the one
// of an ExitStatus, 1 for any other exception (printed to stderr), 2 for wrong usage.
int run_command_line(int argc, char** argv, const std::string& description,
                     const std::string& version,
                     std::initializer_list<void (*)(Verb& program)> add_verbs);

}  // namespace fovea::tools
