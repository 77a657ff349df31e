-- The fields of customers and addresses that a shop adds: OpenCart 2.0 on.

INSERT INTO `oc_custom_field` (custom_field_id, type, value, validation, location, status, sort_order) VALUES
  (1, 'text', '', '', 'account', 1, 1), (2, 'select', '', '', 'address', 1, 2);
INSERT INTO `oc_custom_field_customer_group` (custom_field_id, customer_group_id, required) VALUES (1, 1, 0), (1, 2, 1), (2, 1, 0), (2, 2, 0);
INSERT INTO `oc_custom_field_description` (custom_field_id, language_id, name) VALUES
  (1, 1, 'VAT ID'), (1, 2, 'USt-IdNr.'), (2, 1, 'Delivery &amp; access'), (2, 2, 'Zustellung');
INSERT INTO `oc_custom_field_value` (custom_field_value_id, custom_field_id, sort_order) VALUES (1, 2, 1), (2, 2, 2);
INSERT INTO `oc_custom_field_value_description` (custom_field_value_id, language_id, custom_field_id, name) VALUES
  (1, 1, 2, 'At the door'), (1, 2, 2, 'An der Tür'), (2, 1, 2, 'With a neighbour'), (2, 2, 2, 'Beim Nachbarn');
