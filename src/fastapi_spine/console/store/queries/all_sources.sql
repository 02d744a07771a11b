SELECT id, service, instance, version, attributes FROM source WHERE id > :id ORDER BY id;
