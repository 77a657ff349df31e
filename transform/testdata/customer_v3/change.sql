INSERT INTO oc_customer (customer_id, customer_group_id, store_id, language_id, firstname, lastname, email, telephone, fax, password, salt, custom_field, newsletter, address_id, ip, status, safe, token, code, date_added)
  VALUES (1, 1, 0, 1, 'Alice', 'Example', 'alice@example.com', '+44 0000 000009', '', 'secret', 'salt', '', 0, 1, '', 1, 0, '', '', '2026-11-30 10:00:00');
INSERT INTO oc_address (address_id, customer_id, firstname, lastname, company, address_1, address_2, city, postcode, country_id, zone_id, custom_field)
  VALUES (1, 1, 'Alice', 'Example', '', '2 Sample Street', '', 'Testville', 'AB1 2CD', 222, 3563, ''), (2, 1, 'Alice', 'Example', '', '3 Sample Street', '', 'Testville', 'AB1 2CD', 222, 3563, '');
-- read
-- Staff saves the customer: all addresses are deleted and inserted again.
UPDATE oc_customer SET lastname = 'Example-Smith', address_id = 2 WHERE customer_id = 1;
DELETE FROM oc_address WHERE customer_id = 1;
-- read
INSERT INTO oc_address (address_id, customer_id, firstname, lastname, company, address_1, address_2, city, postcode, country_id, zone_id, custom_field)
  VALUES (1, 1, 'Alice', 'Example', '', '2 Sample Street', '', 'Testville', 'AB1 2CD', 222, 3563, '[]'), (2, 1, 'Alice', 'Example', '', '3 Sample Street', '', 'Testville', 'AB1 2CD', 222, 3563, '[]');
