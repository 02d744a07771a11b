SELECT request_id
FROM named
WHERE substr(request_id, -:length) = :ending
ORDER BY id DESC
LIMIT 1;
