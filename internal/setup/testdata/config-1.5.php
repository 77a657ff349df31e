<?php
// HTTP
define('HTTP_SERVER', 'http://www.shop.example.com/');
define('HTTP_IMAGE', 'http://www.shop.example.com/image/');
define('HTTP_ADMIN', 'http://www.shop.example.com/admin/');

// HTTPS
define('HTTPS_SERVER', 'http://www.shop.example.com/');

// DIR
define('DIR_APPLICATION', '/var/www/shop/catalog/');
define('DIR_IMAGE', '/var/www/shop/image/');

// DB
define('DB_DRIVER', 'mysql');
define('DB_HOSTNAME', 'localhost');
define('DB_USERNAME', 'shop');
define('DB_PASSWORD', 'it\'s');
define('DB_DATABASE', 'shop15');
define('DB_PREFIX', '');
?>
