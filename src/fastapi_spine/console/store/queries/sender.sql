SELECT numbers FROM sender WHERE service = ? AND instance = ?;
