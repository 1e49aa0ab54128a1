module example.com/exclusiveor

go 1.19
