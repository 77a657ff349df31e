-- What is no serialized array reads as no answers, and stops nothing.
INSERT INTO oc_customer (customer_id, customer_group_id, store_id, language_id, firstname, lastname, email, telephone, fax, password, salt, newsletter, address_id, custom_field, ip, status, approved, safe, token, code, date_added) VALUES
  (1, 1, 0, 1, 'Cut', '', '', '', '', '', '', 0, 0, 'a:2:{i:1;s:2:"ok";i:2;s:100:"cut of', '', 1, 1, 0, '', '', '2026-11-30 10:00:00'),
  (2, 1, 0, 1, 'Length', '', '', '', '', '', '', 0, 0, 'a:1:{i:1;s:4:"Müll";}', '', 1, 1, 0, '', '', '2026-11-30 10:00:00'),
  (3, 1, 0, 1, 'Object', '', '', '', '', '', '', 0, 0, 'a:1:{i:1;O:8:"stdClass":0:{}}', '', 1, 1, 0, '', '', '2026-11-30 10:00:00'),
  (4, 1, 0, 1, 'Deep', '', '', '', '', '', '', 0, 0, REPEAT('a:1:{i:1;', 5000), '', 1, 1, 0, '', '', '2026-11-30 10:00:00');
