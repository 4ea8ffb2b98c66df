#include "tools/fovea/options.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

namespace fovea::tools {

Option& Option::required() {
  option_->required();
  return *this;
}
Option& Option::range(int low, int high) {
  option_->check(CLI::Range(low, high, fmt::format("{}..{}", low, high)));
  return *this;
}
Option& Option::range(std::int64_t low, std::int64_t high) {
  option_->check(CLI::Range(low, high, fmt::format("{}..{}", low, high)));
  return *this;
}
Option& Option::range(double low, double high) {
  option_->check(CLI::Range(low, high, fmt::format("{:.10g}..{:.10g}", low, high)));
  return *this;
}
Option& Option::one_of(const std::vector<std::string>& values) {
  option_->check(CLI::IsMember(values));
  return *this;
}
Option& Option::existing_file() {
  option_->check(CLI::Validator(CLI::ExistingFile).description(""));
  return *this;
}
Option& Option::existing_directory() {
  option_->check(CLI::Validator(CLI::ExistingDirectory).description(""));
  return *this;
}
Option& Option::separator(char c) {
  option_->delimiter(c);
  return *this;
}
Option& Option::environment(const std::string& variable) {
  option_->envname(variable);
  return *this;
}
Option& Option::group(const std::string& heading) {
  option_->group(heading);
  return *this;
}
Option& Option::needs(const Option& other) {
  option_->needs(other.option_);
  return *this;
}
Option& Option::show_default() {
  option_->capture_default_str();
  return *this;
}
Option& Option::show_default(const std::string& text) {
  option_->default_str(text);
  return *this;
}

Option& Option::value_name(const std::string& name) {
  option_->type_name(name);
  return *this;
}

bool Option::given() const {
  return option_->count() > 0;
}
std::string Option::name() const {
  return option_->get_name();
}

std::string Option::value() const {
  if (!given()) return option_->get_default_str();
  return fmt::format("{}", fmt::join(option_->results(), ","));
}

Verb Verb::verb(const std::string& name, const std::string& help) {
  return Verb(app_->add_subcommand(name, help));
}

template <class T>
Option Verb::option(const std::string& names, T& value, const std::string& help) {
  CLI::Option* option = app_->add_option(names, value, help);
  if (names.front() != '-') option->type_name("");  // "file REQUIRED", not "file TEXT REQUIRED"
  return Option(option);
}
template Option Verb::option(const std::string&, std::string&, const std::string&);
template Option Verb::option(const std::string&, std::filesystem::path&, const std::string&);
template Option Verb::option(const std::string&, std::vector<std::string>&, const std::string&);
template Option Verb::option(const std::string&, bool&, const std::string&);
template Option Verb::option(const std::string&, int&, const std::string&);
template Option Verb::option(const std::string&, std::uint16_t&, const std::string&);
template Option Verb::option(const std::string&, std::int64_t&, const std::string&);
template Option Verb::option(const std::string&, std::size_t&, const std::string&);
template Option Verb::option(const std::string&, float&, const std::string&);
template Option Verb::option(const std::string&, std::optional<float>&, const std::string&);
template Option Verb::option(const std::string&, double&, const std::string&);

Option Verb::flag(const std::string& names, bool& value, const std::string& help) {
  return Option(app_->add_flag(names, value, help));
}

Option Verb::value(const std::string& names,
                   const std::function<void(const std::string&)>& function,
                   const std::string& help) {
  return Option(app_->add_option_function<std::string>(names, function, help));
}

Option Verb::each_value(const std::string& names, std::function<void(const std::string&)> function,
                        const std::string& help) {
  return Option(app_->add_option_function<std::vector<std::string>>(
      names,
      [function = std::move(function)](const std::vector<std::string>& values) {
        for (const std::string& value : values) function(value);
      },
      help));
}

void Verb::action(std::function<void()> function) {
  app_->callback(std::move(function));
}
void Verb::hide() {
  app_->group("");
}
void Verb::needs_verb() {
  app_->require_subcommand(1);
}

std::vector<Option> Verb::options() const {
  std::vector<Option> options;
  for (CLI::Option* option : app_->get_options()) options.emplace_back(option);
  return options;
}

std::string Verb::program() const {
  const CLI::App* app = app_;
  while (app->get_parent() != nullptr) app = app->get_parent();
  return app->get_name();
}

namespace {

// mpirun starts the same command line several times, and rank 0 prints its errors. The others end
// without an error, so that mpirun does not stop rank 0 before it has printed.
bool is_higher_rank() {
  const char* rank = std::getenv("OMPI_COMM_WORLD_RANK");
  return rank != nullptr && std::string(rank) != "0";
}

}  // namespace

int run_command_line(int argc, char** argv, const std::string& description,
                     const std::string& version,
                     std::initializer_list<void (*)(Verb& program)> add_verbs) {
  CLI::App app{description};
  app.set_version_flag("--version", version);
  app.require_subcommand(1);
  Verb program(&app);
  for (const auto add : add_verbs) add(program);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (is_higher_rank()) return 0;
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const UsageError& error) {
    if (is_higher_rank()) return 0;
    std::fprintf(stderr, "%s\nRun with --help for more information.\n", error.what());
    return 2;
  } catch (const ExitStatus& status) {
    return status.code;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fovea: %s\n", error.what());
    return 1;
  }
  return 0;
}

}  // namespace fovea::tools
