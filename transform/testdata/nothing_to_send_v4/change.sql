-- include order_v4.sql
-- An order of downloads, and the payment address is not asked for: there is no address at all.
UPDATE oc_order SET shipping_firstname = '', shipping_lastname = '', shipping_address_1 = '', shipping_city = '', shipping_postcode = '', shipping_country = '', shipping_country_id = 0,
  shipping_zone = '', shipping_zone_id = 0, shipping_custom_field = '[]', shipping_method = '' WHERE order_id = 7;
-- read
-- The payment address alone.
UPDATE oc_order SET payment_firstname = 'Carol', payment_lastname = 'Guest', payment_address_1 = '9 Paper Lane', payment_city = 'Wien', payment_postcode = '1010', payment_country = 'Austria', payment_country_id = 14,
  payment_zone = 'Vienna', payment_zone_id = 201, payment_custom_field = '{"2":"2"}' WHERE order_id = 7;
