DELETE FROM rollup WHERE minute < ?;
