#include "store/journal.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>

#include "base/files.hpp"
#include "base/ids.hpp"
#include "store/checksum.hpp"
#include "store/sqlite.hpp"

namespace tombolo::store {
namespace {

constexpr std::int64_t kApplication = 0x546d626f;  // "Tmbo": what `file` and SQLite call application_id
constexpr std::int64_t kFormat = 1;                // user_version
constexpr std::int64_t kWholeCheckBytes = 4 << 20; // above that only the records are looked through on open

// `head` says how many entries there are and what all records together sum up to: a row that went missing shows.
constexpr const char* kSchema = R"(
  CREATE TABLE entries(sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, run TEXT NOT NULL, address TEXT NOT NULL,
                       event TEXT NOT NULL, body TEXT NOT NULL, sum INTEGER NOT NULL);
  CREATE TABLE records(address TEXT PRIMARY KEY, body TEXT NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE head(id INTEGER PRIMARY KEY CHECK(id = 1), entries INTEGER NOT NULL, records INTEGER NOT NULL);
  INSERT INTO head VALUES(1, 0, 0);
)";

std::int64_t nanoseconds(Time t) { return std::chrono::duration_cast<Duration>(t.time_since_epoch()).count(); }
Time time_from(std::int64_t ns) { return Time(std::chrono::duration_cast<Time::duration>(Duration(ns))); }

std::int64_t sum_of(const Entry& entry, std::string_view body) {
  return Checksum()
      .add(entry.sequence)
      .add(nanoseconds(entry.at))
      .add(entry.run)
      .add(entry.address)
      .add(entry.event)
      .add(body)
      .value();
}
std::int64_t sum_of(std::string_view address, std::string_view body) {
  return Checksum().add(address).add(body).value();
}

constexpr const char* kMakeWritable = "Make it and its folder writable for you, or choose another folder with --state.";

// Permissions first: SQLite gives its -wal and -shm files those of the database.
Result<> keep_private(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0 || (found.st_mode & 077) == 0) return {};
  if (::chmod(path.c_str(), kPrivateFile) == 0) return {};
  return fail(Code::kIo, fmt::format("the journal {} is open to others: {}", path, std::strerror(errno)),
              fmt::format("Make it yours alone: chmod 600 {}", path));
}

bool is_empty(const std::string& path) {
  struct stat found{};
  return ::stat(path.c_str(), &found) != 0 ? errno == ENOENT : S_ISREG(found.st_mode) && found.st_size == 0;
}

// A new journal comes whole or not at all: made beside, then moved into place.
Result<> make_file(const std::string& path) {
  const auto draft = path + "." + random_id(4);
  TRY(create_file(draft, "", kPrivateFile));
  auto made = [&]() -> Result<> {
    auto database = TRY(Database::open(draft, Access::kWrite));
    TRY(database->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF"));
    return database->execute(fmt::format("BEGIN; {} PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT",
                                         kSchema, kApplication, kFormat)
                                 .c_str());
  }();
  if (made) {
    auto content = read_file(draft);
    made = content ? write_file(path, *content, kPrivateFile) : Result<>(fail(std::move(content.error())));
  }
  std::error_code ignored;
  for (const auto* end : {"", "-wal", "-shm"}) std::filesystem::remove(draft + end, ignored);
  return made;
}

// Looks before anything is changed: another program's database must stay as it is.
Result<> recognise(Database& database) {
  if (TRY(database.number("PRAGMA application_id")) != kApplication)
    return fail(damaged(database.path(), "it is a database of another program"));
  const auto format = TRY(database.number("PRAGMA user_version"));
  if (format > kFormat)
    return fail(
        Code::kUnsupported,
        fmt::format("the journal {} has format {}; this version writes format {}", database.path(), format, kFormat),
        "A later version of tombolo has written it: use that version, or a newer one.");
  if (format < 1) return fail(damaged(database.path(), fmt::format("its format is given as {}", format)));
  return {};
}

Result<> check(Database& database) {
  const bool small =
      TRY(database.number("PRAGMA page_count")) * TRY(database.number("PRAGMA page_size")) <= kWholeCheckBytes;
  const auto found = TRY(database.text(small ? "PRAGMA quick_check(1)" : "PRAGMA quick_check('records')"));
  if (found != "ok") return fail(damaged(database.path(), found));
  if (TRY(database.number("SELECT coalesce(max(sequence), 0) FROM entries")) !=
      TRY(database.number("SELECT entries FROM head")))
    return fail(damaged(database.path(), "entries are missing at its end"));
  return {};
}

Result<codec::Json> parse_body(const Database& database, const std::string& text) {
  auto body = codec::parse_json(text);
  if (!body) return fail(damaged(database.path(), body.error().sentence()));
  return body;
}

Result<std::map<std::string, codec::Json>> read_records(Database& database) {
  auto rows = TRY(database.prepare("SELECT address, body, sum FROM records"));
  std::map<std::string, codec::Json> records;
  std::int64_t all = 0;
  while (TRY(rows.step())) {
    const auto address = rows.text(0);
    const auto body = rows.text(1);
    if (rows.number(2) != sum_of(address, body))
      return fail(damaged(database.path(), fmt::format("the record of {} was changed", address)));
    all ^= rows.number(2);
    records.insert_or_assign(address, TRY(parse_body(database, body)));
  }
  if (all != TRY(database.number("SELECT records FROM head")))
    return fail(damaged(database.path(), "a record is missing"));
  return records;
}

Result<std::vector<Entry>> read_entries(Database& database, std::int64_t after, std::size_t limit) {
  auto rows =
      TRY(database.prepare("SELECT sequence, at, run, address, event, body, sum FROM entries WHERE sequence > ?1 ORDER "
                           "BY sequence LIMIT ?2"));
  rows.bind(1, after);
  rows.bind(2, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT64_MAX)));
  std::vector<Entry> entries;
  for (auto expected = std::max<std::int64_t>(after, 0) + 1; TRY(rows.step()); ++expected) {
    Entry entry{rows.number(0), time_from(rows.number(1)), rows.text(2), rows.text(3), rows.text(4), {}};
    const auto body = rows.text(5);
    if (entry.sequence != expected) return fail(damaged(database.path(), fmt::format("entry {} is missing", expected)));
    if (rows.number(6) != sum_of(entry, body))
      return fail(damaged(database.path(), fmt::format("entry {} was changed", entry.sequence)));
    entry.body = TRY(parse_body(database, body));
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

// Either a writer's connection, kept open, or only a path: a reader connects anew for every call.
struct Journal::Impl {
  explicit Impl(std::string where) : path(std::move(where)) {}

  std::string path;
  std::function<void(Moment, const Entry&)> hook;
  std::unique_ptr<Database> database;
  std::mutex mutex;  // guards the use of the connection, and all below
  std::optional<Statement> read_head, add_entry, move_head, old_sum, put_record, drop_record;
  std::optional<Error> broken;

  Result<> connect();
  Result<> write(Entry& entry, const std::string& body, const std::vector<RecordChange>& changes);
  Result<> change_record(const RecordChange& change, std::int64_t& all);
  template <class Read>
  auto read(Read query) -> decltype(query(*database));
};

Result<> Journal::Impl::connect() {
  if (is_empty(path)) TRY(context(make_file(path), "making the journal"));
  TRY(keep_private(path));
  database = TRY(Database::open(path, Access::kWrite));
  TRY(recognise(*database));
  if (database->read_only())
    return fail(Code::kIo, fmt::format("the journal {} cannot be written", path), kMakeWritable);
  TRY(database->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON"));
  TRY(check(*database));
  read_head = TRY(database->prepare("SELECT entries FROM head"));
  add_entry = TRY(database->prepare(
      "INSERT INTO entries(sequence, at, run, address, event, body, sum) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  move_head =
      TRY(database->prepare("UPDATE head SET entries = ?1, records = (records & ~?2) | (?2 & ~records) WHERE id = 1"));
  old_sum = TRY(database->prepare("SELECT sum FROM records WHERE address = ?1"));
  put_record =
      TRY(database->prepare("INSERT INTO records(address, body, sum) VALUES(?1, ?2, ?3) ON CONFLICT(address) DO UPDATE "
                            "SET body = ?2, sum = ?3"));
  drop_record = TRY(database->prepare("DELETE FROM records WHERE address = ?1"));
  return {};
}

// `all` collects, by exclusive or, what the sum of all records changes by.
Result<> Journal::Impl::change_record(const RecordChange& change, std::int64_t& all) {
  old_sum->bind(1, change.address);
  while (TRY(old_sum->step())) all ^= old_sum->number(0);
  auto& statement = change.body ? *put_record : *drop_record;
  statement.bind(1, change.address);
  if (change.body) {
    const auto body = codec::to_text(*change.body);
    const auto sum = sum_of(change.address, body);
    all ^= sum;
    statement.bind(2, body);
    statement.bind(3, sum);
  }
  TRY(statement.step());
  return {};
}

Result<> Journal::Impl::write(Entry& entry, const std::string& body, const std::vector<RecordChange>& changes) {
  TRY(database->execute("BEGIN IMMEDIATE"));
  if (!TRY(read_head->step())) return fail(damaged(path, "its head is missing"));
  entry.sequence = read_head->number(0) + 1;
  read_head->reset();
  std::int64_t all = 0;
  for (const auto& change : changes) TRY(change_record(change, all));
  add_entry->bind(1, entry.sequence);
  add_entry->bind(2, nanoseconds(entry.at));
  add_entry->bind(3, entry.run);
  add_entry->bind(4, entry.address);
  add_entry->bind(5, entry.event);
  add_entry->bind(6, body);
  add_entry->bind(7, sum_of(entry, body));
  TRY(add_entry->step());
  move_head->bind(1, entry.sequence);
  move_head->bind(2, all);
  TRY(move_head->step());
  return database->execute("COMMIT");
}

template <class Read>
auto Journal::Impl::read(Read query) -> decltype(query(*database)) {
  std::lock_guard guard(mutex);
  if (database) return query(*database);
  // Nobody's write-ahead log is there: nobody writes, and the file is read without touching its folder. Should a writer
  // come in between, what was read may be half old, half new: look again, beside the writer this time.
  struct stat before{}, after{};
  const auto log = path + "-wal";
  if (is_empty(path)) return fail(Code::kNotFound, fmt::format("there is no journal {}", path));
  if (::stat(path.c_str(), &before) != 0)
    return fail(Code::kIo, fmt::format("cannot look at the journal {}: {}", path, std::strerror(errno)));
  bool alone = !file_exists(log);
  while (true) {
    auto reader = TRY(Database::open(path, alone ? Access::kImmutable : Access::kRead));
    auto result = [&]() -> decltype(query(*reader)) {
      // Both questions of a query see one moment.
      TRY(reader->execute("BEGIN"));
      TRY(recognise(*reader));
      return query(*reader);
    }();
    if (!alone) return result;
    const bool same = ::stat(path.c_str(), &after) == 0 && before.st_ino == after.st_ino &&
                      before.st_size == after.st_size && before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
                      before.st_mtim.tv_nsec == after.st_mtim.tv_nsec;
    if (same) return result;
    alone = false;
  }
}

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::~Journal() = default;

Result<std::unique_ptr<Journal>> Journal::open(const std::string& path) {
  auto impl = std::make_unique<Impl>(path);
  TRY(impl->connect());
  return std::unique_ptr<Journal>(new Journal(std::move(impl)));
}

Result<std::unique_ptr<Journal>> Journal::open_read_only(const std::string& path) {
  auto impl = std::make_unique<Impl>(path);
  TRY(impl->read([](Database& database) { return check(database); }));
  return std::unique_ptr<Journal>(new Journal(std::move(impl)));
}

Result<std::int64_t> Journal::append(Entry entry, const std::vector<RecordChange>& changes) {
  if (!impl_->database) return fail(Code::kInternal, "a journal that was opened for reading was written to");
  if (impl_->hook) impl_->hook(Moment::kBeforeWrite, entry);
  {
    std::lock_guard guard(impl_->mutex);
    if (impl_->broken) return fail(*impl_->broken);
    auto written = impl_->write(entry, codec::to_text(entry.body), changes);
    if (!written) {
      if (impl_->database->sync_failed()) impl_->broken = written.error();
      if (impl_->database->in_transaction() && !impl_->database->execute("ROLLBACK")) impl_->broken = written.error();
      return fail(std::move(written.error()));
    }
  }
  if (impl_->hook) impl_->hook(Moment::kAfterWrite, entry);
  return entry.sequence;
}

Result<std::map<std::string, codec::Json>> Journal::records() { return impl_->read(read_records); }

Result<std::vector<Entry>> Journal::entries(std::int64_t after, std::size_t limit) {
  return impl_->read([&](Database& database) { return read_entries(database, after, limit); });
}

void Journal::on_write(std::function<void(Moment, const Entry&)> hook) { impl_->hook = std::move(hook); }

}  // namespace tombolo::store
