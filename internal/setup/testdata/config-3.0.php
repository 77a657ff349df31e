<?php
// HTTP
define('HTTP_SERVER', 'http://shop.example.com/store/');

// HTTPS
define('HTTPS_SERVER', 'http://shop.example.com/store/');

// DIR
define('DIR_APPLICATION', '/var/www/shop/catalog/');
define('DIR_SYSTEM', '/var/www/shop/system/');
define('DIR_IMAGE', '/var/www/shop/image/');
define('DIR_STORAGE', DIR_SYSTEM . 'storage/');
define('DIR_LOGS', DIR_STORAGE . 'logs/');

// DB
define('DB_DRIVER', 'mysqli');
define('DB_HOSTNAME', 'db.example.com');
define('DB_USERNAME', 'shop');
define('DB_PASSWORD', 'x');
define('DB_DATABASE', 'shop30');
define('DB_PORT', '3307');
define('DB_PREFIX', 'oc_');
