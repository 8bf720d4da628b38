// SQLite as the journal uses it: handles that close themselves, and every failure as an Error that says what to do.
// Only for this folder.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace tombolo::store {

class Database;

// A prepared statement of a Database that outlives it. Parameters and columns count from 1 and 0, as SQLite has them.
class Statement {
 public:
  // Both for the next step(); text is copied.
  void bind(int parameter, std::int64_t number);
  void bind(int parameter, std::string_view text);
  Result<bool> step();  // false when there is no further row; the statement is then ready to be bound again
  void reset();
  std::int64_t number(int column) const;
  std::string text(int column) const;

 private:
  friend class Database;
  Statement(const Database* database, sqlite3_stmt* statement);
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

enum class Access {
  kWrite,      // the file must be there
  kRead,       // beside a writer; may make SQLite's own -shm file
  kImmutable,  // while nobody writes: no lock, no file made
};

class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const std::string& path, Access access);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<> execute(const char* statements);
  Result<std::int64_t> number(const char* query);  // the first column of the first row, which must be there
  Result<std::string> text(const char* query);
  Result<Statement> prepare(const char* statement);
  bool in_transaction() const;
  bool read_only() const;            // the system lets us read, not write
  bool sync_failed() const;          // the last failure was the disk refusing to promise
  Error error() const;               // of the last call
  const std::string& path() const { return path_; }

 private:
  explicit Database(std::string path) : path_(std::move(path)) {}
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// The one sentence for bytes that are not what was written, with how to go on without them.
Error damaged(const std::string& path, std::string_view what);

}  // namespace tombolo::store
