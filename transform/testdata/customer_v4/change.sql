INSERT INTO oc_customer (customer_id, customer_group_id, store_id, language_id, firstname, lastname, email, telephone, password, custom_field, newsletter, status, token, code, date_added)
  VALUES (1, 1, 0, 1, 'Alice', 'Example', 'Alice@Example.com', '+44 0000 000009', 'secret', '[]', 1, 1, 'secret', 'secret', '2026-11-30 10:00:00');
-- read
INSERT INTO oc_address (address_id, customer_id, firstname, lastname, company, address_1, address_2, city, postcode, country_id, zone_id, custom_field, `default`)
  VALUES (1, 1, 'Alice', 'Example', '', '2 Sample Street', '', 'Testville', 'AB1 2CD', 222, 3563, '{"2":"1"}', 1);
-- read
-- The fields flip between '' and [] with the form that saves last; login data has no meaning.
UPDATE oc_customer SET custom_field = '', ip = '192.0.2.1', password = 'x', token = 'y', code = 'z', safe = 1 WHERE customer_id = 1;
-- read
INSERT INTO oc_address (address_id, customer_id, firstname, lastname, company, address_1, address_2, city, postcode, country_id, zone_id, custom_field, `default`)
  VALUES (2, 1, 'Alice', 'Example', '', '3 Sample Street', '', 'Testville', 'AB1 2CD', 222, 3563, '', 1);
UPDATE oc_address SET `default` = 0 WHERE address_id = 1;
-- read
DELETE FROM oc_address WHERE address_id = 1;
-- read
DELETE FROM oc_customer WHERE customer_id = 1;
DELETE FROM oc_address WHERE customer_id = 1;
