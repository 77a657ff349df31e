-- A shop that was a 2.0: PHP's own format beside JSON.
INSERT INTO oc_customer (customer_id, customer_group_id, store_id, language_id, firstname, lastname, email, telephone, fax, password, salt, newsletter, address_id, custom_field, ip, status, approved, safe, token, code, date_added) VALUES
  (1, 1, 0, 1, 'Alice', 'Example', 'alice@example.com', '1', '', 'secret', 'salt', 0, 1, 'a:2:{i:1;s:13:"Müller &amp;";i:3;a:2:{i:0;s:1:"8";i:1;s:1:"7";}}', '', 1, 1, 0, '', '', '2026-11-30 10:00:00'),
  (2, 1, 0, 1, 'Bob', 'Example', 'bob@example.com', '2', '', 'secret', 'salt', 0, 0, '{"1":"M\\u00fcller &amp; Co","3":["8","7"]}', '', 1, 1, 0, '', '', '2026-11-30 10:00:00'),
  (3, 1, 0, 1, 'Carol', 'Example', 'carol@example.com', '3', '', 'secret', 'salt', 0, 0, 'a:0:{}', '', 1, 1, 0, '', '', '2026-11-30 10:00:00');
INSERT INTO oc_address (address_id, customer_id, firstname, lastname, company, address_1, address_2, city, postcode, country_id, zone_id, custom_field) VALUES
  (1, 1, 'Alice', 'Example', '', '2 Sample Street', '', 'Testville', 'AB1 2CD', 222, 3563, 'a:1:{i:2;s:1:"2";}'), (2, 1, 'Alice', 'Example', '', '2 Sample Street', '', 'Testville', 'AB1 2CD', 222, 3563, '{"2":"2"}');
-- include order_v3.sql
UPDATE oc_order SET custom_field = 'a:1:{i:1;s:14:"GB0 &quot;&lt;";}', payment_custom_field = 'a:1:{i:2;s:1:"1";}', shipping_custom_field = '{"2":"1"}' WHERE order_id = 7;
-- read
-- The same answers in the other format are no change; other ones are.
UPDATE oc_customer SET custom_field = '{"3":["8","7"],"1":"Müller &amp;"}' WHERE customer_id = 1;
UPDATE oc_customer SET custom_field = '[]' WHERE customer_id = 3;
-- read
UPDATE oc_customer SET custom_field = 'a:1:{i:1;s:3:"new";}' WHERE customer_id = 2;
