#include "store/sqlite.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>

namespace tombolo::store {
namespace {

constexpr int kPatienceMs = 500;             // another process may be in the middle of its own short write
constexpr int kLongestValue = 64 << 20;      // bytes; also bounds what a damaged length can make us allocate

constexpr std::string_view kNothingLost = "What was written before is safe, and nothing in AWS is lost by it.";

}  // namespace

Error damaged(const std::string& path, std::string_view what) {
  return Error(Code::kCorrupt, fmt::format("the journal {} is damaged ({})", path, what))
      .hint(fmt::format(
          "Set it aside with `mv {0} {0}.damaged` and run the same command again: `tombolo up` and `tombolo down` find "
          "everything that is in AWS by its tags.",
          path));
}

Statement::Statement(const Database* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void Statement::bind(int parameter, std::int64_t number) { sqlite3_bind_int64(statement_.get(), parameter, number); }
void Statement::bind(int parameter, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), parameter, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT,
                      SQLITE_UTF8);
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  auto error = database_->error();
  reset();
  return fail(std::move(error));
}

void Statement::reset() { sqlite3_reset(statement_.get()); }
std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }
std::string Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return text ? std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))) : "";
}

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Access access) {
  std::unique_ptr<Database> made(new Database(path));
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= access == Access::kWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  std::string name = path;
  if (access == Access::kImmutable) {
    flags |= SQLITE_OPEN_URI;
    name = "file:";
    for (const char c : path) name += c == '?' || c == '#' || c == '%' ? fmt::format("%{:02x}", c) : std::string(1, c);
    name += "?immutable=1";
  }
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
  made->handle_.reset(handle);
  if (!handle) return fail(Code::kInternal, "SQLite has no memory");
  if (code != SQLITE_OK) return fail(made->error());
  sqlite3_busy_timeout(handle, kPatienceMs);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kLongestValue);
  // A file that somebody else prepared must not make SQLite run anything.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return made;
}

Result<> Database::execute(const char* statements) {
  if (sqlite3_exec(handle_.get(), statements, nullptr, nullptr, nullptr) != SQLITE_OK) return fail(error());
  return {};
}

Result<std::int64_t> Database::number(const char* query) {
  auto statement = TRY(prepare(query));
  if (!TRY(statement.step())) return fail(damaged(path_, "a row that must be there is missing"));
  return statement.number(0);
}

Result<std::string> Database::text(const char* query) {
  auto statement = TRY(prepare(query));
  if (!TRY(statement.step())) return fail(damaged(path_, "a row that must be there is missing"));
  return statement.text(0);
}

Result<Statement> Database::prepare(const char* text) {
  sqlite3_stmt* made = nullptr;
  if (sqlite3_prepare_v2(handle_.get(), text, -1, &made, nullptr) != SQLITE_OK) return fail(error());
  return Statement(this, made);
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
bool Database::read_only() const { return sqlite3_db_readonly(handle_.get(), "main") == 1; }

bool Database::sync_failed() const {
  const int code = sqlite3_extended_errcode(handle_.get());
  return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

Error Database::error() const {
  const int code = sqlite3_extended_errcode(handle_.get());
  const int system = sqlite3_system_errno(handle_.get());
  const std::string words = system ? std::strerror(system) : sqlite3_errmsg(handle_.get());
  if (code == SQLITE_FULL || system == ENOSPC || system == EDQUOT)
    return Error(Code::kIo, fmt::format("cannot write the journal {}: the disk is full", path_))
        .hint(fmt::format("Make room there and run the same command again. {}", kNothingLost));
  switch (code & 0xff) {
    case SQLITE_NOTADB: return damaged(path_, "it is not a SQLite database");
    case SQLITE_CORRUPT: return damaged(path_, sqlite3_errmsg(handle_.get()));
    case SQLITE_TOOBIG: return damaged(path_, "a value is longer than any we write");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(Code::kLocked, fmt::format("the journal {} is being written by another process", path_))
          .hint("Wait until it has ended, and run the same command again.");
    case SQLITE_READONLY:
      return Error(Code::kIo, fmt::format("the journal {} cannot be written: it, or its folder, is read-only", path_))
          .hint("Make it writable for you, or choose another folder with --state.");
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Error(Code::kIo, fmt::format("cannot open the journal {}: {}", path_, words))
          .hint("Look at the owner and the permissions of the file and of its folder.");
    case SQLITE_IOERR:
      return Error(Code::kIo, fmt::format("cannot read or write the journal {}: {}", path_, words))
          .hint(fmt::format("Look at the disk and its limits, then run the same command again. {}", kNothingLost));
    // A schema that does not fit the statements was not written by us.
    case SQLITE_ERROR: return damaged(path_, sqlite3_errmsg(handle_.get()));
    default: return Error(Code::kInternal, fmt::format("the journal {}: {}", path_, sqlite3_errmsg(handle_.get())));
  }
}

}  // namespace tombolo::store
