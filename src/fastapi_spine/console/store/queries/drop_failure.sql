DELETE FROM failure WHERE fingerprint = ? AND service = ?;
