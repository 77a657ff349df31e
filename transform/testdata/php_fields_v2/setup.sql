-- OpenCart 2.3
INSERT INTO oc_custom_field (custom_field_id, type, value, validation, location, status, sort_order) VALUES (3, 'checkbox', '', '', 'account', 1, 3);
INSERT INTO oc_custom_field_description (custom_field_id, language_id, name) VALUES (3, 1, 'Interests');
INSERT INTO oc_custom_field_value (custom_field_value_id, custom_field_id, sort_order) VALUES (7, 3, 1), (8, 3, 2);
INSERT INTO oc_custom_field_value_description (custom_field_value_id, language_id, custom_field_id, name) VALUES (7, 1, 3, 'Tea &amp; pots'), (8, 1, 3, 'Lamps');
