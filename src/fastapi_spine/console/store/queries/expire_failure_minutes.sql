DELETE FROM failure_minute WHERE minute < ?;
