// The journal: what we meant to do before we did it, and what came of it. Append-only entries plus one current record
// for each resource, both changed in one durable transaction. SQLite, file `.tombolo/journal.db`, 0600.
//
// Meaning belongs to engine/; here are only text keys and JSON bodies. Nothing secret may be put in.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "codec/json.hpp"

namespace tombolo::store {

struct Entry {
  std::int64_t sequence = 0;  // given by append()
  Time at{};
  std::string run;      // one id for each run of the program
  std::string address;  // "aws.instance/lighthouse"; "" for entries about the run itself
  std::string event;    // "intent", "outcome", "run.begin", ...: the engine's words
  codec::Json body;
};

// The new current record of an address; no body: forget it.
struct RecordChange {
  std::string address;
  std::optional<codec::Json> body;
};

enum class Moment { kBeforeWrite, kAfterWrite };

class Journal {
 public:
  // Makes the file when it is absent; its folder must be there. Errors: kCorrupt (not a database, damaged, another
  // program's), kUnsupported (written by a later version), kIo (full, read-only, permissions), kLocked (another process
  // is writing), each with a hint that says what to do and that nothing in AWS is lost by it.
  static Result<std::unique_ptr<Journal>> open(const std::string& path);
  // For commands that only look, also while another run is writing: every call sees what is there now. Never makes or
  // changes a journal; append() is kInternal; kNotFound when there is none.
  static Result<std::unique_ptr<Journal>> open_read_only(const std::string& path);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // On return both are on the disk (fsync). Safe from several threads. On an error nothing was written, except that
  // after a failed fsync nobody can know: the journal then refuses everything until it is opened again.
  Result<std::int64_t> append(Entry entry, const std::vector<RecordChange>& changes = {});

  Result<std::map<std::string, codec::Json>> records();
  // Entries with sequence > after, oldest first, at most `limit`.
  Result<std::vector<Entry>> entries(std::int64_t after = 0, std::size_t limit = 1000);

  // Called around every write, for the crash campaign: whatever the hook throws passes through append().
  void on_write(std::function<void(Moment, const Entry&)> hook);

 private:
  struct Impl;
  explicit Journal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tombolo::store
